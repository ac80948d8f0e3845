// What a worker of `farcall ranges` is asked to do: plain values only, which can be cloned.
import type { AuditRow, Place } from "../../lab/ranges/audit-place.ts";
import type { Cell, Measurement } from "../../lab/ranges/row.ts";

/** What a worker does, by name: one argument, one answer. */
export interface Work {
  readonly measure: (cell: Cell) => Measurement;
  readonly audit: (place: Place) => AuditRow;
}
