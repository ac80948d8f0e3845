// The program types there are.
import type { ProgType } from "../elf/types.ts";
import { schedCls, socketFilter } from "./skb.ts";
import type { ProgramType } from "./type.ts";
import { xdp } from "./xdp.ts";

export const programTypes: readonly ProgramType[] = Object.freeze([socketFilter, schedCls, xdp]);

/** The type of this name, or undefined for one that cannot be loaded. */
export function programType(name: ProgType): ProgramType | undefined {
  return programTypes.find((type) => type.name === name);
}
