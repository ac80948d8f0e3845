// What a worker of `farcall bench calls` is asked to do: plain values only, which can be cloned.
import type { Cell, Row } from "../../lab/calls/row.ts";

/** What a worker does, by name: one argument, one answer. */
export interface Work {
  readonly measure: (cell: Cell) => Row;
}
