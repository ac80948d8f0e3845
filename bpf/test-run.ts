// Runs a program on a packet as BPF_PROG_TEST_RUN does. Who executes it is the caller's affair.
import type { U64 } from "../word/long.ts";
import type { KernelMemory } from "./memory.ts";
import { StructFault } from "./types/structs.ts";
import { TestRunError, type ProgramType, type TestContext } from "./types/type.ts";

/** How an execution ended that ended well. */
export interface Returned {
  readonly kind: "return";
  /** r0. */
  readonly value: U64;
}

export interface TestRunOptions<R extends { readonly kind: string }> {
  /** The packet; 14 zero bytes when not given. DIVERGES: Linux refuses a run without one. */
  readonly dataIn?: Uint8Array | undefined;
  /** Context as user space knows it, in guest byte order; its end may be missing. */
  readonly ctxIn?: Uint8Array | undefined;
  /** How often the program runs on the same packet; 1 when 0 or not given, as in Linux. */
  readonly repeat?: number | undefined;
  /** Executes the program once with the context's address in r1. */
  readonly run: (contextAddress: U64) => Returned | R;
}

export type TestRunResult<R> =
  | {
      readonly kind: "done";
      /** Low 32 bits of r0 of the last repetition, unsigned. */
      readonly retval: number;
      readonly r0: U64;
      readonly repeat: number;
      readonly dataOut: Uint8Array;
      /** Only where there was a `ctxIn`. */
      readonly ctxOut: Uint8Array | undefined;
    }
  /** An execution did not return; `repetition` counts from 0. */
  | { readonly kind: "stopped"; readonly outcome: R; readonly repetition: number };

/**
 * Packet and context carry over from one repetition to the next.
 * @throws TestRunError with errno for a packet or context that Linux refuses, EFAULT where the program has overwritten the
 *   structures that say where the packet is
 * @linux net/bpf/test_run.c bpf_test_run
 */
export function testRun<R extends { readonly kind: string }>(
  type: ProgramType,
  memory: KernelMemory,
  options: TestRunOptions<R>,
): TestRunResult<R> {
  const repeat = Math.max(1, options.repeat ?? 1);
  const context = type.open(memory, { data: options.dataIn ?? new Uint8Array(14), ctx: options.ctxIn });
  try {
    let last: Returned | undefined;
    for (let repetition = 0; repetition < repeat; repetition++) {
      const outcome = options.run(context.address);
      if (!isReturned(outcome)) return { kind: "stopped", outcome, repetition };
      last = outcome;
    }
    if (last === undefined) throw new Error("a test run without repetition");
    const { data, ctx } = outputOf(context);
    return { kind: "done", retval: last.value.low >>> 0, r0: last.value, repeat, dataOut: data, ctxOut: ctx };
  } finally {
    context.free();
  }
}

function isReturned(outcome: { readonly kind: string }): outcome is Returned {
  return outcome.kind === "return";
}

function outputOf(context: TestContext): ReturnType<TestContext["output"]> {
  try {
    return context.output();
  } catch (error) {
    if (!(error instanceof StructFault)) throw error;
    throw new TestRunError(`the program has overwritten its context: ${error.message}`, "EFAULT");
  }
}
