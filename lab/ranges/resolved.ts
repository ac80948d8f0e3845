// Who can resolve the calls: how many callees a dump names from what the kernel gives to the user who asks.
// What a dump makes of a call is bpf/print/calls.ts's.
import type { CallEncodingName } from "../../bpf/core/encoding/encoding.ts";
import { callEncodingNamed } from "../../bpf/core/encoding/table.ts";
import { decodeInsns } from "../../bpf/insn.ts";
import { resolveCalls } from "../../bpf/print/calls.ts";
import { SymbolTable } from "../../bpf/print/symbol-table.ts";
import type { KernelSymbol } from "../../kernel/kallsyms.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Program } from "../../kernel/program.ts";

/** How the kernel stands to who asks. */
export interface Asked {
  readonly callEncoding: CallEncodingName;
  /** CAP_BPF, and whether JITed code is in kallsyms: net.core.bpf_jit_kallsyms. */
  readonly capable: boolean;
  readonly kallsyms: boolean;
}

/** Calls of functions whose callee's right name a dump of the translated program shows. */
export function resolvedCalls(
  kernel: Kernel,
  program: Program,
  { callEncoding, capable, kallsyms }: Asked,
): number {
  const info = program.info({ capable, rawOk: capable });
  const isShown = ({ module }: KernelSymbol): boolean => kallsyms || module !== "bpf";
  const calls = resolveCalls({
    insns: decodeInsns(info.xlated_prog_insns ?? new Uint8Array(), kernel.endian),
    ksymCount: info.nr_jited_ksyms,
    ksyms: info.jited_ksyms,
    encoding: callEncodingNamed(callEncoding),
    symbols: new SymbolTable(kernel.kallsyms.text(capable, isShown)),
    nameOfId: (id) => (capable ? kernel.bpf.nameOfId(id) : undefined),
  });
  return calls.filter(({ kind }) => kind === "resolved").length;
}
