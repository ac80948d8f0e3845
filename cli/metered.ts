// Runs of a loaded program under the timing models, for `run --cycles` and `prog dump jited --cycles`. Prints nothing.
import { measureCycles } from "../lab/cycles/measure.ts";
import type { CycleMeter } from "../lab/cycles/meter.ts";
import { StageError } from "./errors.ts";
import { cyclesJson, cyclesText } from "./cycles-report.ts";
import type { Done, RunInput, Session } from "./session.ts";

/** Throws StageError where the program does not return, or is interpreted after all. */
export function executeMetered(
  session: Session,
  input: Omit<RunInput, "onRun">,
): { readonly end: Done; readonly meter: CycleMeter } {
  if (session.program.images.length === 0) {
    const message = "--cycles: the program is interpreted, its image is beyond --jit-limit";
    throw new StageError({ stage: "jit", errno: "ENOTSUPP", message });
  }
  const { result, meter } = measureCycles(session.kernel, (onRun) => session.execute({ ...input, onRun }));
  return { end: result, meter };
}

/** The same with what `run --cycles` shows of it. */
export function runWithCycles(
  session: Session,
  input: Omit<RunInput, "onRun">,
): { readonly end: Done; readonly cycles: { readonly json: object; readonly lines: readonly string[] } } {
  const { kernel } = session;
  const { end, meter } = executeMetered(session, input);
  return { end, cycles: { json: cyclesJson(kernel, meter), lines: cyclesText(kernel, meter) } };
}
