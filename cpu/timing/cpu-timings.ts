// The tables of all processors, by name. No number stands here.
import type { CpuModel } from "../isa/row.ts";
import type { CpuTiming } from "./core-figures.ts";
import { power10 } from "./power10.ts";
import { power8 } from "./power8.ts";
import { power9 } from "./power9.ts";

/** The figures of each processor. */
export const cpuTimings: Readonly<Record<CpuModel, CpuTiming>> = Object.freeze({ power8, power9, power10 });
