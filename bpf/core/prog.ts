// A function as the BPF core hands it to a JIT: fixed-up instructions and what the JIT may look at.
// Types only; how it comes about is in load.ts.
import type { U64 } from "../../word/long.ts";
import type { Insn } from "../insn.ts";
import type { CallEncoding } from "./encoding/encoding.ts";
import type { CalledFunction } from "./kfuncs.ts";

/**
 * One function of a program, after fixups. The JIT compiles each to an image of its own.
 * @linux include/linux/bpf.h struct bpf_prog, struct bpf_prog_aux
 */
export interface BpfFunction {
  readonly name: string;
  /** Place in `aux.func`; 0 is the program itself. */
  readonly index: number;
  /** Number among the kernel's programs, the program's own for the first. */
  readonly id: number;
  /**
   * Jump offsets are relative and stay inside the function. LD_IMM64 holds addresses (`src` is 0).
   * CALL with src 0: `imm` = address of the helper - __bpf_call_base, cut to 32 bits.
   * CALL with src 1: `off` = the callee's index in `aux.func` and `imm` = 0 until every function has an image, then what
   * `aux.callEncoding` makes of it.
   * CALL with src 2: `imm` and `off` are what `aux.kernelFunction` knows.
   */
  readonly insns: readonly Insn[];
  /** Bytes of BPF stack that the function uses, rounded up to 8. */
  readonly stackDepth: number;
  /** True where the verifier put in the zero extensions, so that 32-bit operations need none of their own. */
  readonly verifierZext: boolean;
  readonly aux: BpfFunctionAux;
  /** Entry of the function's image, zero until it has one. The loader fills it in. */
  bpfFunc: U64;
  /** Images that the function calls, each once, in the order of the calls; `callee-list` alone fills it in. */
  readonly callees: U64[];
}

export interface BpfFunctionAux {
  /** Every function of the program; the same list in each of them. */
  readonly func: readonly BpfFunction[];
  /** How many of `func` may be called; 0 in a program of one function, as in Linux. */
  readonly funcCnt: number;
  /** How calls among them name their callees. */
  readonly callEncoding: CallEncoding;
  /** A function of any program in the kernel by its number. */
  readonly functionById: (id: number) => BpfFunction | undefined;
  /** The kernel's function that a call means; undefined where the fields name none. @linux kernel/bpf/verifier.c bpf_get_kfunc_addr */
  readonly kernelFunction?: (call: Pick<Insn, "imm" | "off">) => CalledFunction | undefined;
}

/** What the core needs back from a JIT, for each function in order. */
export interface JitedImages {
  readonly functions: readonly {
    /** Entry point: where a call goes (the descriptor's address in ELFv1). */
    readonly image: U64;
    /** Bytes of code. */
    readonly bytes: number;
  }[];
}

/**
 * Compiles all functions of a program. Throws its own Error when it cannot.
 * @param encodeCalls to be called once, when every function has an image and its `bpfFunc`: then the calls' fields are set;
 *   throws BpfLoadError where an encoding does not reach
 * @returns undefined where the program may have no images: it is interpreted
 */
export type Jit<J extends JitedImages = JitedImages> = (
  functions: readonly BpfFunction[],
  encodeCalls: () => void,
) => J | undefined;
