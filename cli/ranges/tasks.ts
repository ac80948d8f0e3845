// What is sent to a worker and what comes back: plain values only, which can be cloned.
import type { Measurement, Cell } from "../../lab/ranges/row.ts";

/** An error that is no refusal, as it goes from a worker to the one who reports it. */
export interface Bug {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** The cells of one task are measured one after the other, in their order. */
export type Measured = { readonly measurements: readonly Measurement[] } | { readonly bug: Bug };

/** What a worker does, by name. */
export interface WorkerMethods {
  readonly measureCells: (cells: readonly Cell[]) => Measured;
}
