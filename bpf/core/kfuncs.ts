// Functions of the kernel that a program calls: names become numbers, as a loader does it, and numbers addresses, for check and JIT.
// Which functions there are is the kernel's to say, whether a call is right the verifier's.
import { ZERO, type U64 } from "../../word/long.ts";
import type { LinkedProgram, ProgType } from "../elf/types.ts";
import { insn as make, isKfuncCall, isLdImm64, slotsOf, type Insn } from "../insn.ts";
import { argumentModels, isCompatible, type ArgumentModel, type KfuncPrototype } from "../kfunc.ts";
import { BpfLoadError } from "../load-error.ts";
import { BPF_PSEUDO_BTF_ID } from "../opcodes.ts";

/** A function that the kernel or a module offers to programs. */
export interface OfferedFunction {
  readonly name: string;
  /** Number of its type among the kernel's, not 0: what a call's `imm` says. */
  readonly id: number;
  /** The module that has it; undefined for the kernel itself. */
  readonly module: string | undefined;
  /** As a C pointer: the global entry point, on ELFv1 the descriptor. */
  readonly address: U64;
  /** Where a module's function is entered: its first instruction, and the one behind what computes its TOC. */
  readonly entries?: FunctionEntries;
  /** As the kernel's own types have it; where they are not known, the program's declaration counts. */
  readonly prototype?: KfuncPrototype | undefined;
  /** KF_… for programs of a type; undefined where they may not call it. @linux kernel/bpf/btf.c btf_kfunc_id_set_contains */
  readonly flags: (type: ProgType) => number | undefined;
  /** Keeps its module from being unloaded, until what is returned is called. */
  readonly hold: () => () => void;
}

/** Addresses of instructions. */
export interface FunctionEntries {
  readonly global: U64;
  /** The same where nothing computes a TOC. */
  readonly local: U64;
}

/** What the JIT gets. */
export interface CalledFunction {
  readonly name: string;
  /** As a C pointer. */
  readonly address: U64;
  /** Of a module's function; undefined for the kernel's own. */
  readonly entries: FunctionEntries | undefined;
  /** How the callee wants each argument. */
  readonly args: readonly ArgumentModel[];
}

/** A function that a program calls. */
export interface ResolvedFunction {
  readonly offered: OfferedFunction;
  /** As the kernel has it, else as the program declares it. */
  readonly prototype: KfuncPrototype;
  /** `imm` and `off` of its calls: its number, and the place of its module among those that the program uses, from 1. */
  readonly imm: number;
  readonly off: number;
}

/** A program whose calls of kernel functions have numbers in place of names. */
export interface ResolvedProgram {
  readonly program: LinkedProgram;
  readonly kfuncs: readonly ResolvedFunction[];
}

/**
 * Looks every function up.
 * @param find by name; throws where the kernel has no such functions at all
 * @throws BpfLoadError ESRCH for a name that nobody offers, EINVAL for one that is something else
 * @linux tools/lib/bpf/libbpf.c bpf_object__resolve_ksym_func_btf_id, bpf_object__relocate_data
 */
export function resolveKfuncs(
  program: LinkedProgram,
  find: (name: string) => OfferedFunction | undefined,
): ResolvedProgram {
  const { kfuncs = [], insns } = program;
  if (kfuncs.length === 0) return { program, kfuncs: [] };
  const modules: string[] = [];
  const resolved = kfuncs.map((declared): ResolvedFunction | undefined => {
    const offered = find(declared.name);
    if (offered === undefined && declared.isWeak === true) return undefined;
    if (offered === undefined)
      throw new BpfLoadError(
        `extern (func ksym) '${declared.name}': not found in kernel or module BTFs`,
        "ESRCH",
      );
    const { module, id: imm, prototype = declared } = offered;
    if (!isCompatible(declared, prototype))
      throw new BpfLoadError(
        `extern (func ksym) '${declared.name}': func_proto incompatible with ${module ?? "vmlinux"}`,
      );
    if (module !== undefined && !modules.includes(module)) modules.push(module);
    return { offered, prototype, imm, off: module === undefined ? 0 : modules.indexOf(module) + 1 };
  });
  const numbered = withNumbers(insns, resolved);
  return {
    program: { ...program, insns: numbered },
    kfuncs: resolved.filter((kfunc) => kfunc !== undefined),
  };
}

/** Number of the helper that there is not, which a call of nothing becomes. @linux tools/lib/bpf/libbpf.c POISON_CALL_KFUNC_BASE */
export const POISON_CALL_KFUNC_BASE = 2_002_000_000;

/** @linux tools/lib/bpf/libbpf.c bpf_object__relocate_data, poison_kfunc_call */
function withNumbers(
  insns: readonly Insn[],
  kfuncs: readonly (ResolvedFunction | undefined)[],
): readonly Insn[] {
  const out = [...insns];
  for (let at = 0; at < insns.length;) {
    const i = insns[at];
    if (i === undefined) break;
    const kfunc = kfuncs[i.imm];
    if (isKfuncCall(i))
      out[at] =
        kfunc === undefined
          ? make(i.code, { imm: POISON_CALL_KFUNC_BASE + i.imm })
          : make(i.code, { ...i, imm: kfunc.imm, off: kfunc.off });
    if (isLdImm64(i) && i.src === BPF_PSEUDO_BTF_ID) {
      const address = kfunc?.offered.address ?? ZERO;
      out[at] = make(i.code, { dst: i.dst, imm: address.low });
      out[at + 1] = make(0, { imm: address.high });
    }
    at += slotsOf(i);
  }
  return out;
}

/** The function that a call with these fields means; undefined where it means none. @linux kernel/bpf/verifier.c find_kfunc_desc */
export function kfuncOf(
  kfuncs: readonly ResolvedFunction[],
  { imm, off }: Pick<Insn, "imm" | "off">,
): ResolvedFunction | undefined {
  return kfuncs.find((kfunc) => kfunc.imm === imm && kfunc.off === off);
}

/** @linux kernel/bpf/core.c bpf_jit_get_func_addr, kernel/bpf/verifier.c bpf_jit_find_kfunc_model */
export function calledFunction({ offered, prototype }: ResolvedFunction): CalledFunction {
  const { name, address, entries } = offered;
  return { name, address, entries, args: argumentModels(prototype) };
}
