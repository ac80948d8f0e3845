// BPF_CALL: helpers of the kernel, and functions of the same program. Tail calls are in tail-call.ts.
// [Linux 6.12 arch/powerpc/net/bpf_jit_comp64.c bpf_jit_emit_func_call_hlp; kernel/bpf/core.c bpf_jit_get_func_addr]
import type { CallEncoding } from "../../bpf/core/encoding/encoding.ts";
import type { BpfFunction } from "../../bpf/core/prog.ts";
import type { Insn } from "../../bpf/insn.ts";
import { BPF_HELPER_CALL, BPF_PSEUDO_CALL, BPF_PSEUDO_KFUNC_CALL } from "../../bpf/opcodes.ts";
import { hex64, type U64, u64 } from "../../word/long.ts";
import { calleeValue } from "../call/enter.ts";
import { JitError } from "../error.ts";
import type { Call, Callee, CallSequence } from "../call/sequence.ts";
import type { Pass } from "../pass.ts";
import { mr, nop } from "../ppc.ts";
import { imageEntryPoints } from "../prologue.ts";
import { BPF_R0, RESULT } from "../registers.ts";
import type { JitTarget } from "../target.ts";
import { argumentWords } from "./kfunc.ts";

/** A function of the kernel or of a module: its name for messages, and where it is entered. */
export type KernelFunction = Pick<Call, "callee" | "kind" | "to">;

/** A call by the target's helper sequence, without the result's copy; `at`: slot of the instruction. Throws JitError. */
export function kernelCall(pass: Pass, callee: KernelFunction, at: number): void {
  const { helperCalls, target } = pass.compilation;
  emitCall(pass, helperCalls, { ...callee, site: at }, hex64(calleeValue(callee, target)));
}

/**
 * A function of the kernel's own text by its C pointer.
 * @throws JitError EINVAL where it is elsewhere
 */
export function coreFunction(target: JitTarget, callee: string, pointer: U64): KernelFunction {
  const local = target.localEntry(pointer);
  if (!target.isCoreText(local))
    throw new JitError("EINVAL", `${callee} at ${hex64(pointer)} is not in the kernel's text`);
  const to =
    target.abi === "elfv1" ? { global: local, local, descriptor: pointer } : { global: pointer, local };
  return { callee, kind: "core", to };
}

/** What of a call is known in a pass without addresses. */
type UnplacedCall = Callee & Pick<Call, "callee" | "site">;

/** By a sequence; while there are no addresses, the most words that it can take. `key`: of the callee's stub, among all in the function. */
function emitCall(pass: Pass, sequence: CallSequence, call: UnplacedCall, key: string): void {
  const { to } = call;
  pass.callee = { name: call.callee, address: to?.global };
  if (pass.codeAddress !== undefined && to !== undefined) {
    const from = pass.codeAddress.add(u64(pass.here));
    pass.emit(sequence.words({ ...call, to, from }, pass.shared));
    return;
  }
  pass.emit(Array.from({ length: sequence.maxWords(call) }, nop));
  pass.stubs.reserve(key, sequence.maxStubWords(call));
}

/**
 * Address of the image that an instruction with a function's name in `off` and `imm` means.
 * @throws JitError EINVAL where it names none
 * @linux kernel/bpf/core.c bpf_jit_get_func_addr
 */
export function imageOf(fn: BpfFunction, insn: Insn, encoding: CallEncoding, bpfCallBase: U64): U64 {
  const image = encoding.target(insn, fn, bpfCallBase);
  if (image === undefined)
    throw new JitError(
      "EINVAL",
      `${fn.name}: off ${insn.off}, imm ${insn.imm} is none of ${fn.aux.funcCnt} functions (${encoding.name})`,
    );
  return image;
}

function functionCall(pass: Pass, insn: Insn, at: number): void {
  const { fn, target, calls } = pass.compilation;
  if (pass.codeAddress === undefined) {
    // Until there are addresses `off` is the callee's index.
    const callee = fn.aux.func[insn.off]?.name ?? "";
    emitCall(pass, calls, { kind: "bpf", callee, site: at }, `function ${insn.off}`);
    return;
  }
  const image = imageOf(fn, insn, fn.aux.callEncoding, target.bpfCallBase);
  const callee = fn.aux.func.find(({ bpfFunc }) => bpfFunc.eq(image))?.name;
  const to = imageEntryPoints(image, target);
  const name = callee ?? "what is no function of the program";
  emitCall(pass, calls, { kind: "bpf", to, callee: name, site: at }, hex64(image));
}

/**
 * A call of a function of the kernel or of a module by the number of its type.
 * @linux arch/powerpc/net/bpf_jit_comp64.c bpf_jit_build_body; kernel/bpf/verifier.c bpf_get_kfunc_addr
 */
function kfuncCall(pass: Pass, insn: Insn, at: number): void {
  const { fn, target } = pass.compilation;
  const called = fn.aux.kernelFunction?.(insn);
  if (called === undefined)
    throw new JitError(
      "EINVAL",
      `${fn.name}: no kernel function has number ${insn.imm} (module ${insn.off})`,
    );
  pass.emit(argumentWords(called));
  const { name: callee, address, entries } = called;
  if (entries === undefined) {
    kernelCall(pass, coreFunction(target, callee, address), at);
    return;
  }
  const to = target.abi === "elfv1" ? { ...entries, descriptor: address } : entries;
  kernelCall(pass, { callee, kind: "module", to }, at);
}

/** The call, and the result to where BPF's R0 is; `at`: slot of the instruction. */
export function call(pass: Pass, insn: Insn, at: number): void {
  const { target } = pass.compilation;
  const pointer = target.bpfCallBase.add(u64(insn.imm));
  if (insn.src === BPF_PSEUDO_CALL) functionCall(pass, insn, at);
  else if (insn.src === BPF_HELPER_CALL)
    kernelCall(pass, coreFunction(target, target.nameOf?.(pointer) ?? "helper", pointer), at);
  else if (insn.src === BPF_PSEUDO_KFUNC_CALL) kfuncCall(pass, insn, at);
  else throw new JitError("EINVAL", `call of kind ${insn.src} is unsupported`);
  pass.emit([mr(BPF_R0, RESULT)]);
}
