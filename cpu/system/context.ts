// What a system operation sees of the processor, and what it may end in. No operation is here.
import type { U64 } from "../../word/long.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { illegal, privileged, type Interrupt } from "../interrupt.ts";
import type { SystemOperation, SystemOperations } from "../isa/machine.ts";
import type { Operand } from "../isa/pattern.ts";
import type { Slb } from "../mmu/slb.ts";
import type { CpuState } from "../state.ts";
import type { Halt } from "../stop.ts";

export interface SystemContext {
  readonly state: CpuState;
  readonly memory: GuestMemory;
  readonly slb: Slb;
  /** Address of the instruction. */
  cia(): U64;
  /** The instruction itself; of a prefixed one, its suffix. */
  readonly word: number;
  /** Where to go on, in place of the instruction after. */
  jump(target: U64): void;
}

/** An interrupt, or the end of the run; undefined where the instruction is done. */
export type Outcome = Interrupt | Halt | undefined;

type Concrete<T extends readonly unknown[]> = {
  readonly [I in keyof T]: T[I] extends Operand ? number : T[I];
};

/** An operation with the operands that machine.ts names: fields as numbers, values as 64-bit values. */
export type Operation<N extends SystemOperation> = (
  context: SystemContext,
  ...operands: Concrete<SystemOperations<U64>[N]>
) => Outcome;

/** Some of the operations by name. */
export type Operations<N extends SystemOperation> = { readonly [K in N]: Operation<K> };

/** The interrupt for leaving `level` to a lower state; undefined where the state suffices. */
export function refused(
  context: SystemContext,
  level: "supervisor" | "hypervisor",
  what: string,
): Interrupt | undefined {
  const { state, word } = context;
  if (state.msrBit("PR")) return privileged(what);
  if (level === "hypervisor" && !state.msrBit("HV")) return illegal(word, `${what} outside hypervisor state`);
  return undefined;
}
