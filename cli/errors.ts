// What a verb ends with when it cannot do its work, and the exit code of each. Nothing is printed here.

/** Exit codes of every verb; 130 at Ctrl-C, as shells have it. */
export const EXIT = { done: 0, refused: 1, unusable: 2, bug: 3, interrupted: 130 } as const;

/** The command line or an input file cannot be used: exit 2, the message is the one line that is shown. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The stages at which a program can be refused, in their order. */
export type Stage = "load" | "verify" | "jit" | "run";

/** A stage said no: exit 1. `report` is the `error` member of the JSON document. */
export class StageError extends Error {
  override readonly name = "StageError";
  readonly report: StageReport;
  constructor(report: StageReport, cause?: unknown) {
    super(report.message, { cause });
    this.report = report;
  }
}
export interface StageReport {
  readonly stage: Stage;
  readonly errno: string;
  readonly message: string;
  readonly log?: string;
  readonly oops?: unknown;
}

/** The guest or a comparison said no without a stage of its own: exit 1. */
export class Refused extends Error {
  override readonly name = "Refused";
}
