// All rows, in the order of the manual's chapters. Nothing is described here.
import type { Row } from "./row.ts";
import { branches } from "./rows/branch.ts";
import { compare } from "./rows/compare.ts";
import { conditionRegister } from "./rows/condition-register.ts";
import { fixedArithmetic } from "./rows/fixed-arithmetic.ts";
import { loads } from "./rows/load.ts";
import { logical } from "./rows/logical.ts";
import { prefixed } from "./rows/prefixed.ts";
import { rotateShift } from "./rows/rotate-shift.ts";
import { stores } from "./rows/store.ts";
import { synchronization } from "./rows/synchronization.ts";
import { system } from "./rows/system.ts";

/** Every instruction of every processor; `existsOn` says which of them a processor has. */
export const isa: readonly Row[] = Object.freeze([
  ...branches,
  ...conditionRegister,
  ...loads,
  ...stores,
  ...fixedArithmetic,
  ...compare,
  ...logical,
  ...rotateShift,
  ...prefixed,
  ...synchronization,
  ...system,
]);
