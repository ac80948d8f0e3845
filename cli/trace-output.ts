// What programs say by bpf_trace_printk, for people: on standard error, as what the guest has to tell. The kernel keeps it.
import type { Kernel } from "../kernel/kernel.ts";

/** Shows the messages of a kernel when `execute` ends, also by a failure; passes its result on. */
export function tracing<T>({ bpf }: Pick<Kernel, "bpf">, execute: () => T): T {
  try {
    return execute();
  } finally {
    process.stderr.write(bpf.trace.map((message) => `bpf_trace_printk: ${message.trimEnd()}\n`).join(""));
  }
}
