// A run of a bundled example on a captured frame, in the form that examples/expected.json has.
import type { Program } from "../index.ts";
import type { ExpectedRun } from "../scripts/examples.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** What the run did to a frame, in the form of the record. */
export function outcome(program: Program, frame: Uint8Array): ExpectedRun | string {
  const run = program.testRun({ dataIn: frame });
  if (run.kind !== "done") return run.kind === "oops" ? run.oops.text : run.kind;
  const after = run.dataOut ?? new Uint8Array();
  const first = after.findIndex((byte, i) => byte !== frame[i]);
  if (first < 0) return { retval: run.retval };
  const last = after.findLastIndex((byte, i) => byte !== frame[i]);
  return { retval: run.retval, changed: [first, hex(after.subarray(first, last + 1))] };
}
