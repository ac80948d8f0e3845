// What is measured and what comes of it: a cell of `farcall bench calls`, and its row as docs/cli.md has it.
// Types only.
import type { CpuModel } from "../../cpu/isa/row.ts";
import type { SequenceName } from "./sequence-axis.ts";

/** One cell: everything that a measurement depends on, so that the same cell gives the same row anywhere. */
export interface Cell {
  readonly cpu: CpuModel;
  /** A scenario's name; scenarios.ts lists them. */
  readonly scenario: string;
  /** A sequence of the scenario's axis. */
  readonly sequence: SequenceName;
  /** A kernel layout's name. */
  readonly layout: string;
  /** Of every place and order that is random. */
  readonly seed: number;
  /** So many times the cell is measured, each time in other places; at least 1. */
  readonly repeats: number;
}

/** Percentiles over the repeats. */
export interface Spread {
  readonly median: number;
  readonly p5: number;
  readonly p95: number;
}

/**
 * Lowest and highest that the unknown figures of the timing model allow: as far from the median as the models with the lowest and the
 * highest of them are, on the same instructions, in the first repeats.
 */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** What is measured of one call, its callee's return included, the loop around it and the callee's work taken out. */
export interface Figures {
  /** Bytes of the sequence at the call's place, mean over the sites. */
  readonly bytes: number;
  /** Bytes beside it in code or data that a call needs and that sites share (stubs, table entries), divided by the sites. */
  readonly shared_bytes: number;
  readonly instructions: number;
  readonly cycles: Spread;
  readonly cycles_range: Range;
  readonly mispredicts: number;
  readonly icache_misses: number;
  readonly erat_misses: number;
  /** Percentiles of those above that have one number, which is the median. */
  readonly spread: {
    readonly bytes: Spread;
    readonly instructions: Spread;
    readonly mispredicts: Spread;
    readonly icache_misses: Spread;
    readonly erat_misses: Spread;
  };
}

/** Names of the cell that a row is of. */
interface Named {
  readonly sequence: SequenceName;
  readonly cpu: CpuModel;
  readonly scenario: string;
  readonly layout: string;
}

/** A cell that was run: `calls` were counted by the callees themselves, in all repeats together, and are as many as were made. */
export interface MeasuredRow extends Named, Figures {
  readonly error: null;
  readonly calls: number;
}

/** A cell without figures. */
export interface RefusedRow extends Named {
  /** Why, in one line. */
  readonly error: string;
  /** True where it ran and was wrong: the callees' count is not the number of calls, or it did not return. Else it cannot be. */
  readonly failed: boolean;
}

/** What came of a cell. */
export type Row = MeasuredRow | RefusedRow;
