// Why guest code did not return, as reports have it. What a verb does about it is the verb's.
import { oopsJson } from "../kernel/oops.ts";
import type { Failure } from "../kernel/program.ts";
import { hex64 } from "../word/long.ts";
import type { StageReport } from "./errors.ts";
import type { MachineOptions } from "./options.ts";

/** Why a run did not return, for people and scripts. */
export function failureReport(failure: Failure, options: Pick<MachineOptions, "maxInsns">): StageReport {
  switch (failure.kind) {
    case "oops":
      return {
        stage: "run",
        errno: "EFAULT",
        message: failure.oops.message,
        log: failure.oops.text,
        oops: oopsJson(failure.oops),
      };
    case "fault": {
      const { fault, function: name, insn } = failure;
      const message = `${name}, insn ${insn}: ${fault.access} of ${fault.bytes} bytes at ${hex64(fault.address)}, which is not mapped`;
      return { stage: "run", errno: "EFAULT", message };
    }
    case "max-insns":
      return {
        stage: "run",
        errno: "EINTR",
        message: `stopped after --max-insns ${options.maxInsns ?? 1e9} instructions`,
      };
  }
}
