// The registers that scheduling knows, as small numbers: what an instruction waits for and what waits for it.
// CR is eight fields; of XER the bits that instructions set on their own stand alone.

/** GPRs are 0 to 31, CR fields 32 to 39. OV means OV and OV32, CA means CA and CA32; OTHER is every SPR without a place here, and MSR. */
export const REGISTER = Object.freeze({
  GPR: 0,
  CR: 32,
  CA: 40,
  OV: 41,
  SO: 42,
  LR: 43,
  CTR: 44,
  TAR: 45,
  OTHER: 46,
});

/** How many there are. */
export const REGISTERS = 47;

/** A set of registers, a bit each. */
export type RegisterSet = bigint;

/** No register. */
export const NONE: RegisterSet = 0n;
/** Every register. */
export const ALL: RegisterSet = (1n << BigInt(REGISTERS)) - 1n;

/** The set of one register. */
export function only(register: number): RegisterSet {
  return 1n << BigInt(register);
}

/** The numbers in a set, ascending. */
export function members(set: RegisterSet): readonly number[] {
  return Array.from({ length: REGISTERS }, (_, n) => n).filter((n) => ((set >> BigInt(n)) & 1n) === 1n);
}

/** The registers that an SPR number stands for. XER is four of them. */
export function sprRegisters(spr: number): RegisterSet {
  switch (spr) {
    case 1:
      return only(REGISTER.CA) | only(REGISTER.OV) | only(REGISTER.SO) | only(REGISTER.OTHER);
    case 8:
      return only(REGISTER.LR);
    case 9:
      return only(REGISTER.CTR);
    case 815:
      return only(REGISTER.TAR);
    default:
      return only(REGISTER.OTHER);
  }
}

/** A register's name: `r3`, `cr0`, `LR`. */
export function registerName(register: number): string {
  if (register < REGISTER.CR) return `r${register}`;
  if (register < REGISTER.CA) return `cr${register - REGISTER.CR}`;
  return Object.entries(REGISTER).find(([, n]) => n === register)?.[0] ?? "?";
}
