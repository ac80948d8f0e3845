// The calls of a loaded program as a dump tool of root's would show them, with its names in kallsyms or without.
import { decodeInsns } from "../bpf/insn.ts";
import { resolveCalls, type ResolvedCall } from "../bpf/print/calls.ts";
import { SymbolTable } from "../bpf/print/symbol-table.ts";
import type { Kernel } from "./kernel.ts";
import type { Program } from "./program.ts";

/**
 * Every call of a function, in order; how each resolves is its `kind`.
 * @param jitKallsyms whether JITed code is in /proc/kallsyms, however the program was loaded
 */
export function resolvedCalls(
  kernel: Kernel,
  program: Program,
  jitKallsyms: boolean,
): readonly ResolvedCall[] {
  const info = program.info();
  const [main] = program.loaded.functions;
  if (main === undefined) throw new Error("a program without functions");
  const text = kernel.kallsyms.text(true, ({ module }) => jitKallsyms || module !== "bpf");
  return resolveCalls({
    insns: decodeInsns(info.xlated_prog_insns ?? new Uint8Array(), kernel.endian),
    ksymCount: info.nr_jited_ksyms,
    ksyms: info.jited_ksyms,
    encoding: main.aux.callEncoding,
    symbols: new SymbolTable(text),
    nameOfId: (id) => kernel.bpf.nameOfId(id),
  });
}
