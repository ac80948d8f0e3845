// What has to be known of a processor to model its front end: fetch, prediction, instruction cache, translation.
// It holds no number of any processor; those are in power8.ts, power9.ts and power10.ts beside it.
import type { Figure } from "../figure.ts";

/**
 * Cycles in which nothing is fetched, between the fetch of a branch that is predicted taken and the fetch of its target.
 * They may have fractions: averages of what a measurement could not tell apart.
 */
export interface TakenBubbles {
  /** Direct branch whose target lies ahead of it in the aligned block that is fetched already. */
  readonly sameBlock: Figure;
  /** Direct branch to a higher address. */
  readonly forward: Figure;
  /** Direct branch to a lower address or itself: the back-edge of a loop. */
  readonly backward: Figure;
  /** `bl`, wherever it goes. */
  readonly call: Figure;
  /** A return that the link stack predicts. */
  readonly return: Figure;
  /** A branch that the count cache predicts. */
  readonly indirect: Figure;
}

/** The direction predictor: a local and a global table of two-bit counters, and a third that says which of them to trust. */
export interface DirectionFigures {
  /** Counters by address. */
  readonly localEntries: Figure;
  /** Counters by address and history; as many selectors. */
  readonly globalEntries: Figure;
  /** Outcomes of conditional branches that the history holds. */
  readonly historyBits: Figure;
}

/** Targets of branches to CTR. */
export interface CountCacheFigures {
  /** Entries by address. */
  readonly localEntries: Figure;
  /** Entries by address and history. */
  readonly globalEntries: Figure;
  /** Bits of the block's number that choose a global entry together with the history. */
  readonly globalAddressBits: Figure;
  /** Bytes of the aligned block that shares one entry. */
  readonly blockBytes: Figure;
}

/** The L1 instruction cache. */
export interface InstructionCacheFigures {
  readonly bytes: Figure;
  readonly ways: Figure;
  readonly lineBytes: Figure;
  /** Cycles that a line takes from the L2 cache; misses of the L2 are not modelled. */
  readonly missCycles: Figure;
  /** Lines after the missing one that are fetched with it, into buffers of their own. */
  readonly prefetchLines: Figure;
  /** Whether tags are real addresses, so that each fetch needs a translation, or effective ones, so that a miss alone does. */
  readonly tags: "real" | "effective";
}

/** Effective-to-real translation: a small fully associative buffer a side, the TLB behind both, then the tables in memory. */
export interface TranslationFigures {
  readonly ieratEntries: Figure;
  readonly deratEntries: Figure;
  /** Cycles that a miss of an ERAT costs where the TLB has the page. */
  readonly eratMissCycles: Figure;
  /** Bytes of the largest page that one ERAT entry holds. */
  readonly eratPageBytes: Figure;
  /** 1: an ERAT gives up the entry that was used longest ago; 0: any entry. */
  readonly eratReplacesOldest: Figure;
  readonly tlbEntries: Figure;
  readonly tlbWays: Figure;
  /** Cycles to search the hashed page table, its groups being in the L2 cache. */
  readonly hashWalkCycles: Figure;
  /** Cycles to walk the radix tree, its upper levels being cached. */
  readonly radixWalkCycles: Figure;
  /** Whether data needs its ERAT on each access ("real" tags of the data cache); with effective tags it is not modelled. */
  readonly dataTags: "real" | "effective";
}

/**
 * A front end. Where nobody has published a number, `low` is the value that makes code faster and `high` the one that makes it
 * slower, so a table's `low` may be the larger number.
 */
export interface FrontFigures {
  /** Bytes of the aligned block that one cycle fetches. */
  readonly fetchBytes: Figure;
  /** Instructions that fetching runs ahead of dispatch. */
  readonly bufferInsns: Figure;
  readonly taken: TakenBubbles;
  /** Cycles from the resolution of a mispredicted branch to the earliest dispatch of the right instruction. */
  readonly mispredictCycles: Figure;
  readonly direction: DirectionFigures;
  /** Entries of the link stack with one thread a core. */
  readonly linkStackEntries: Figure;
  readonly countCache: CountCacheFigures;
  readonly icache: InstructionCacheFigures;
  readonly translation: TranslationFigures;
}
