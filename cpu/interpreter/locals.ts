// Numbers that the generated interpreter's parts agree on: locals, the imported function, what its argument says.
// No code is made here.

/** Locals of the interpreter's function, and of each outlined handler; temporaries follow. */
export const LOCAL = Object.freeze({
  /** Instructions left, i32; a parameter. */
  BUDGET: 0,
  /** Address of the next instruction, i64. */
  PC: 1,
  /** The instruction at hand, i32. */
  WORD: 2,
  /** The page that instructions come from, i64: its effective address; at first another page's. */
  PAGE: 3,
  /** What to add to the low word of PC to reach that page in the memory, i32. */
  DELTA: 4,
  /** The handler's number, i32. */
  HANDLER: 5,
  FIRST64: 6,
});

/** Temporaries of 64 bits that a handler may use; those of 32 bits follow them. */
export const TEMPORARIES64 = 20;
export const TEMPORARIES32 = 20;
export const FIRST_TEMPORARY = Object.freeze({ 64: LOCAL.FIRST64, 32: LOCAL.FIRST64 + TEMPORARIES64 });

/** Whether the code records what it executes (recorder.ts). */
export type Recording = "plain" | "recording";

/** Index of the imported function `refill(what) -> i32`: 1 where the address in STATE.EA has been entered into a TLB. */
export const REFILL = 0;

/** Argument of `refill`. */
export function refillArgument(access: "load" | "store", bytes: number): number {
  return 2 * bytes + (access === "store" ? 1 : 0);
}

/** A record of the custom section that decode tables are made of; see decode-table.ts. */
export const DECODE_SECTION = "decode";
