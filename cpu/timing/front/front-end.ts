// What the execution core asks of a front end: when an instruction can be dispatched, and what it learns of branches.
// No front end is described here.

/**
 * What a branch is to a predictor. A call sets LR. `return`: to LR; `indirect`: to CTR or TAR; `return-call`: to LR, and LR is set
 * (blrl); the others go to an address in the instruction.
 */
export type BranchKind = "direct" | "direct-call" | "return" | "return-call" | "indirect" | "indirect-call";

/** A branch that was executed; one object, changed from call to call. */
export interface Branch {
  readonly ciaHigh: number;
  readonly ciaLow: number;
  readonly kind: BranchKind;
  /** Whether it depends on CR or on the count in CTR. */
  readonly conditional: boolean;
  readonly taken: boolean;
  /** Where it went; the next instruction where it was not taken. Halves are signed or unsigned 32-bit numbers as the stream has them. */
  readonly targetHigh: number;
  readonly targetLow: number;
  /** Cycle of dispatch. */
  readonly dispatchedAt: number;
  /** Cycle in which direction and target are known. */
  readonly resolvedAt: number;
}

/** What a front end counts. */
export interface FrontCounters {
  readonly branches: number;
  readonly takenBranches: number;
  /** Wrong directions and wrong targets. */
  readonly mispredicts: number;
  /** Misses of the L1 instruction cache. */
  readonly icacheMisses: number;
  /** Misses of the instruction side's effective-to-real translation. */
  readonly ieratMisses: number;
  /** Misses of the data side's. */
  readonly deratMisses: number;
}

/** Fetch, prediction and what lies between them and dispatch. Instructions come in program order: fetch, dispatched, and branch if it is one. */
export interface FrontEnd {
  /** Cycle in which the instruction can be dispatched at the earliest, as far as fetching goes. `bytes` is 8 for a prefixed one. */
  fetch(ciaHigh: number, ciaLow: number, bytes: 4 | 8): number;
  /** The cycle in which the instruction fetched last was dispatched: fetching cannot run ahead of it without end. */
  dispatched(cycle: number): void;
  /** The instruction fetched last was this branch. */
  branch(branch: Branch): void;
  /** Extra cycles of a load or store at an address: translation, where its ERAT lacks the page. */
  data(eaHigh: number, eaLow: number): number;
  /** As mitigations do between programs. */
  flushLinkStack(): void;
  flushCountCache(): void;
  readonly counters: FrontCounters;
}
