// What is sent to a worker and what comes back: plain values only, which can be cloned.
import type { AuditRow, Place } from "../../lab/ranges/audit-place.ts";
import type { Cell, Measurement } from "../../lab/ranges/row.ts";

/** An error that is no refusal, as it goes from a worker to the one who reports it. */
export interface Bug {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export type Answer<T> = { readonly value: T } | { readonly bug: Bug };

/** What a worker does, by name: one argument, one answer. */
export interface Work {
  readonly measure: (cell: Cell) => Measurement;
  readonly audit: (place: Place) => AuditRow;
}
