// What a dump tool has of a loaded program: the program's info and /proc/kallsyms, as the kernel gives them to the user who asks,
// and who may see addresses has /proc/kcore, too. The dumps are made from it and nothing else.
import type { CallEncoding } from "../bpf/core/encoding/encoding.ts";
import { MemoryFault } from "../bpf/memory.ts";
import { callEncodingNamed } from "../bpf/core/encoding/table.ts";
import type { SourceLine } from "../bpf/elf/btf-ext.ts";
import type { Insn } from "../bpf/insn.ts";
import { prototypeOf } from "../bpf/elf/btf-print.ts";
import { SymbolTable } from "../bpf/print/symbol-table.ts";
import type { CpuModel } from "../cpu/isa/row.ts";
import type { Abi, Kernel } from "../kernel/kernel.ts";
import type { BpfProgInfo } from "../kernel/prog-info.ts";
import type { LiveKernel } from "./loaded-addresses.ts";
import type { BpfOptions } from "./options.ts";
import type { Session } from "./session.ts";

/** What stands beside the code or the instructions on demand. */
export type Detail = "opcodes" | "linum" | "visual";

export interface ProgramView {
  readonly info: BpfProgInfo;
  readonly symbols: SymbolTable;
  /** The kernel as /proc/kcore shows it. Undefined for who may not see addresses. */
  readonly kernel: LiveKernel | undefined;
  readonly encoding: CallEncoding;
  readonly endian: "le" | "be";
  readonly abi: Abi;
  readonly cpu: CpuModel;
  /** From the program's types, by the slot that a function starts in. */
  readonly prototypes: ReadonlyMap<number, string>;
  /** Name of the program, whole where its types have it. */
  readonly fullName: string;
  /** `memlock` of the program's fdinfo: bytes. */
  readonly memlockBytes: number;
  /** Now on the kernel's clock, nanoseconds since boot. */
  readonly sinceBoot: number;
  /** What BPF_PROG_GET_FD_BY_ID finds, for who may ask. */
  readonly nameOfId: (id: number) => string | undefined;
  /** The function of the kernel that a call means, by the types of kernel and modules, for who may ask for these. */
  readonly kfuncName: (call: Pick<Insn, "imm" | "off">) => string | undefined;
  readonly detail: Detail | undefined;
}

/** How the one who asks may look. */
export type ViewOptions = Pick<BpfOptions, "callEncoding" | "cpu" | "unprivileged"> & {
  /** As kernel.kptr_restrict=2. */
  readonly kptrRestrict?: boolean | undefined;
};

export function viewProgram(
  { kernel, program }: Session,
  options: ViewOptions,
  detail: Detail | undefined,
): ProgramView {
  const capable = !options.unprivileged;
  const rawOk = capable && options.kptrRestrict !== true;
  const info = program.info({ capable, rawOk });
  // Types are asked for by number, which takes CAP_SYS_ADMIN.
  const btf = capable ? kernel.bpf.btf(info.btf_id) : undefined;
  const prototypes = info.func_info.flatMap(({ insn_off, type_id }) => {
    const prototype = btf === undefined ? undefined : prototypeOf(btf, type_id);
    return prototype === undefined ? [] : [[insn_off, prototype] as const];
  });
  const [main] = info.func_info;
  return {
    info,
    symbols: new SymbolTable(kernel.kallsyms.text(rawOk)),
    kernel: rawOk ? liveKernel(kernel) : undefined,
    encoding: callEncodingNamed(options.callEncoding),
    endian: kernel.endian,
    abi: kernel.abi,
    cpu: options.cpu,
    prototypes: new Map(prototypes),
    fullName: (main === undefined ? undefined : btf?.type(main.type_id)?.name) ?? info.name,
    memlockBytes: program.memlockBytes,
    sinceBoot: kernel.clock().toNumber(),
    nameOfId: (id) => (capable ? kernel.bpf.nameOfId(id) : undefined),
    kfuncName: (call) =>
      capable ? program.loaded.functions[0]?.aux.kernelFunction?.(call)?.name : undefined,
    detail,
  };
}

function liveKernel(kernel: Kernel): LiveKernel {
  return {
    toc: kernel.text.toc,
    paca: kernel.paca,
    doubleword: (address) => {
      const value = kernel.load(address, 8);
      return value instanceof MemoryFault ? undefined : value;
    },
  };
}

/** Lines of source by slot. */
export function linesOf({ line_info }: BpfProgInfo): ReadonlyMap<number, SourceLine> {
  return new Map(
    line_info.map(({ insn_off, line, file_name, line_num, line_col }) => [
      insn_off,
      { text: line, file: file_name, line: line_num, column: line_col },
    ]),
  );
}

/** A line of source with bpftool's keys; numbers of 0 are left out. @linux tools/bpf/bpftool/btf_dumper.c btf_dump_linfo_json */
export function sourceJson({ text, file, line, column }: SourceLine, linum: boolean): object {
  if (!linum) return { src: text };
  return {
    src: text,
    file,
    ...(line > 0 ? { line_num: line } : {}),
    ...(column > 0 ? { line_col: column } : {}),
  };
}
