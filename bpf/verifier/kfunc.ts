// Calls of functions of the kernel: what the program as a whole must be for them, and arguments against the prototype. As everywhere
// in this check, memory that is neither the stack nor the context is not followed: a pointer into it is taken as good.
import type { LinkedProgram, ProgType } from "../elf/types.ts";
import { isKfuncCall, slotsOf } from "../insn.ts";
import {
  KF_RET_NULL,
  KF_TRUSTED_ARGS,
  MAX_KFUNC_ARGS,
  type KfuncParameter,
  type KfuncPrototype,
  type Pointee,
} from "../kfunc.ts";
import { isGplCompatible } from "../license.ts";
import type { CheckOptions } from "./checked.ts";
import { VerifierError } from "./error.ts";
import type { Fault } from "./memory-rules.ts";
import type { State } from "./state.ts";
import { FRAME_BYTES, isStack, NUMBER, UNINIT, UNKNOWN, type Value } from "./values.ts";

/** The largest length of memory that a function may be told. @linux include/linux/bpf_verifier.h BPF_MAX_VAR_SIZ */
const MAX_BYTES = 2 ** 29;
/** The most arguments that a prototype may have, whoever calls it. @linux include/linux/bpf.h MAX_BPF_FUNC_ARGS */
const MAX_ARGS = 12;

/** Functions in one program. @linux kernel/bpf/verifier.c MAX_KFUNC_DESCS */
const MAX_CALLED = 256;
const TOO_MANY: Fault = { errno: "E2BIG", message: "too many different kernel function calls" };

const invalid = (message: string): Fault => ({ errno: "EINVAL", message });
const denied = (message: string): Fault => ({ errno: "EACCES", message });
const missing = (message: string): Fault => ({ errno: "EOPNOTSUPP", message });

/**
 * Looks at every call of such a function, before values are.
 * @throws VerifierError
 * @linux kernel/bpf/verifier.c add_kfunc_call; kernel/bpf/btf.c btf_distill_func_proto
 */
export function checkKfuncCalls({ insns, license }: LinkedProgram, options: CheckOptions): void {
  const called = new Set<string>();
  for (let at = 0; at < insns.length;) {
    const i = insns[at];
    if (i === undefined) return;
    if (isKfuncCall(i)) {
      called.add(`${i.imm} ${i.off}`);
      const fault =
        programFault(license, options) ??
        (called.size > MAX_CALLED ? TOO_MANY : undefined) ??
        calleeFault(i, options);
      if (fault !== undefined) throw new VerifierError({ ...fault, insn: at });
    }
    at += slotsOf(i);
  }
}

function programFault(license: string, { isJitRequested }: CheckOptions): Fault | undefined {
  if (isJitRequested === false)
    return { errno: "ENOTSUPP", message: "JIT is required for calling kernel function" };
  return isGplCompatible(license)
    ? undefined
    : invalid("cannot call kernel function from non-GPL compatible program");
}

function calleeFault(
  call: { readonly imm: number; readonly off: number },
  options: CheckOptions,
): Fault | undefined {
  // A number of 0 means none; such a call is refused only where it is reached.
  if (call.imm === 0 && call.off === 0) return undefined;
  const callee = options.kernelFunction?.(call);
  if (callee === undefined) return invalid(`kernel btf_id ${call.imm >>> 0} is not a function`);
  return prototypeFault(callee.prototype);
}

function prototypeFault({ name, parameters, result }: KfuncPrototype): Fault | undefined {
  if (parameters.length > MAX_ARGS)
    return invalid(`The function ${name} has ${parameters.length} arguments. Too many.`);
  if (result.kind === "other")
    return invalid(`The function ${name} return type ${result.spelling} is unsupported.`);
  if (parameters.at(-1)?.type.kind === "void")
    return invalid(`The function ${name} with variable args is unsupported.`);
  const index = parameters.findIndex(({ type }) => type.kind === "other" && (type.bytes ?? 17) > 16);
  const type = parameters[index]?.type;
  return type?.kind === "other"
    ? invalid(`The function ${name} arg${index} type ${type.spelling} is unsupported.`)
    : undefined;
}

/**
 * What is wrong with a call, with the arguments as they are in `state`.
 * @linux kernel/bpf/verifier.c check_kfunc_call, check_kfunc_args
 */
export function kfuncFault(
  call: { readonly imm: number; readonly off: number },
  state: State,
  type: ProgType,
  options: CheckOptions,
): Fault | undefined {
  const callee = options.kernelFunction?.(call);
  if (callee === undefined) return invalid("invalid kernel function call not eliminated in verifier pass");
  const { prototype, flags } = callee;
  const { name, parameters, result } = prototype;
  if (flags === undefined) return denied(`calling kernel function ${name} is not allowed`);
  const others = flags & ~(KF_RET_NULL | KF_TRUSTED_ARGS);
  if (others !== 0)
    return missing(`kernel function ${name} has flags 0x${others.toString(16)}, which are not modelled`);
  if (parameters.length > MAX_KFUNC_ARGS)
    return invalid(`Function ${name} has ${parameters.length} > ${MAX_KFUNC_ARGS} args`);
  for (let i = 0; i < parameters.length; i++) {
    const [parameter, next] = [parameters[i], parameters[i + 1]];
    if (parameter === undefined) break;
    const isSized = parameter.type.kind === "pointer" && isLength(next, state.reg(i + 2));
    const length = isSized ? i + 2 : undefined;
    const isTrusted = (flags & KF_TRUSTED_ARGS) !== 0;
    const fault = argumentFault(parameter, i, { length, state, type, isTrusted });
    if (fault !== undefined) return fault;
    if (isSized) i++;
  }
  if (result.kind === "pointer" && result.to.kind === "struct")
    return missing(`kernel function ${name} returns a pointer to ${result.to.name}, which is not modelled`);
  return result.kind === "pointer" && result.to.kind !== "void" && result.to.bytes === undefined
    ? invalid(
        `kernel function ${name} returns pointer type ${result.to.spelling} ${result.to.name} is not supported`,
      )
    : undefined;
}

/** What r0 holds after the call. */
export function kfuncResult({ result }: KfuncPrototype): Value {
  switch (result.kind) {
    case "void":
      return UNINIT;
    case "scalar":
      return NUMBER;
    case "pointer":
      // What points to nothing known is a number for programs.
      return result.to.kind === "void" ? NUMBER : UNKNOWN;
    case "other":
      return UNKNOWN;
  }
}

const isNull = (v: Value): boolean => v.kind === "scalar" && v.value === 0;
const isNumber = (v: Value): boolean => v.kind === "scalar" || v.kind === "unknown";
const endsWith = ({ name }: KfuncParameter, suffix: string): boolean => name.endsWith(suffix);

function isLength(parameter: KfuncParameter | undefined, value: Value): boolean {
  if (parameter?.type.kind !== "scalar" || !isNumber(value)) return false;
  return endsWith(parameter, "__sz") || endsWith(parameter, "__szk");
}

interface Place {
  /** Register of the length that goes with a pointer. */
  readonly length: number | undefined;
  readonly state: State;
  readonly type: ProgType;
  /** Whether pointers must point somewhere. */
  readonly isTrusted: boolean;
}

function argumentFault(parameter: KfuncParameter, index: number, place: Place): Fault | undefined {
  if (endsWith(parameter, "__ign")) return undefined;
  const { type } = parameter;
  const value = place.state.reg(index + 1);
  switch (type.kind) {
    case "scalar":
      if (!isNumber(value)) return invalid(`R${index + 1} is not a scalar`);
      return endsWith(parameter, "__k") && value.kind === "scalar" && value.value === undefined
        ? invalid(`R${index + 1} must be a known constant`)
        : undefined;
    case "pointer":
      return pointerFault(parameter, type.to, index, place);
    case "void":
    case "other":
      return invalid(`Unrecognized arg#${index} type ${type.kind === "other" ? type.spelling : "UNKNOWN"}`);
  }
}

/** Parameters that Linux takes apart by a name that ends so, or whose structure is named so. @linux kernel/bpf/verifier.c get_kfunc_ptr_arg_type */
const SPECIAL_ENDS = ["__alloc", "__refcounted_kptr", "__str", "__map"];
const SPECIAL_STRUCTS = /^bpf_(dynptr|dynptr_kern|list_head|list_node|rb_root|rb_node|wq)$/;

/** @linux kernel/bpf/verifier.c get_kfunc_ptr_arg_type */
function pointerFault(
  parameter: KfuncParameter,
  to: Pointee,
  index: number,
  { length, state, type, isTrusted }: Place,
): Fault | undefined {
  const value = state.reg(index + 1);
  if (isTrusted && isNull(value) && !endsWith(parameter, "__nullable"))
    return denied(`Possibly NULL pointer passed to trusted arg${index}`);
  if (to.kind === "struct" && isContext(to.name, type)) return contextFault(value, index);
  if (endsWith(parameter, "__nullable") && isNull(value)) return undefined;
  if (
    SPECIAL_ENDS.some((end) => endsWith(parameter, end)) ||
    SPECIAL_STRUCTS.test(to.name) ||
    to.spelling === "FUNC_PROTO"
  )
    return missing(`arg#${index} ${parameter.name}: pointers of this kind are not modelled`);
  if (!to.isPlain && !(length !== undefined && to.kind === "void"))
    return invalid(
      `arg#${index} pointer type ${to.spelling} ${to.name} must point to ${length === undefined ? "" : "void, "}scalar, or struct with scalar`,
    );
  if (length === undefined) {
    if (to.bytes === undefined)
      return invalid(
        `arg#${index} reference type('${to.spelling} ${to.name}') size cannot be determined: -22`,
      );
    return isNull(value) ? undefined : memoryFault(value, index + 1, to.bytes);
  }
  if (isNull(value) && endsWith(parameter, "__opt")) return undefined;
  return lengthFault(state.reg(length), length) ?? memoryFault(value, index + 1, lengthOf(state.reg(length)));
}

/** @linux kernel/bpf/btf.c btf_is_prog_ctx_type, btf_is_projection_of */
function isContext(name: string, type: ProgType): boolean {
  return type === "xdp"
    ? name === "xdp_md" || name === "xdp_buff"
    : name === "__sk_buff" || name === "sk_buff";
}

function contextFault(value: Value, index: number): Fault | undefined {
  if (value.kind === "ctx")
    return value.off === 0
      ? undefined
      : denied(`dereference of modified ctx ptr R${index + 1} off=${value.off ?? "?"} disallowed`);
  // Contexts are followed everywhere: what may be anything is none.
  return invalid(`arg#${index} expected pointer to ctx, but got ${spell(value)}`);
}

/** @linux kernel/bpf/verifier.c check_mem_size_reg */
function lengthFault(value: Value, register: number): Fault | undefined {
  const known = value.kind === "scalar" ? value.value : undefined;
  if (known === undefined) return undefined;
  if (known < 0) return denied(`R${register} min value is negative, either use unsigned or 'var &= const'`);
  return known >= MAX_BYTES
    ? denied(`R${register} unbounded memory access, use 'var &= const' or 'if (var < const)'`)
    : undefined;
}

/** Bytes as far as they are known. */
const lengthOf = (value: Value): number => (value.kind === "scalar" ? (value.value ?? 0) : 0);

/** @linux kernel/bpf/verifier.c check_helper_mem_access */
function memoryFault(value: Value, register: number, bytes: number): Fault | undefined {
  if (value.kind === "unknown" || (isNull(value) && bytes === 0)) return undefined;
  if (!isStack(value)) return denied(`R${register} type=${spell(value)} expected=fp`);
  if (value.kind === "blurred" || value.off === undefined) return undefined;
  const message = `invalid indirect access to stack R${register} off=${value.off} size=${bytes}`;
  if (value.off < -FRAME_BYTES || value.off > -1) return denied(message);
  return value.off + bytes > 0 ? invalid(message) : undefined;
}

/** @linux kernel/bpf/log.c reg_type_str */
function spell(value: Value): string {
  switch (value.kind) {
    case "uninit":
      return "?";
    case "ctx":
    case "mixed":
      return "ctx";
    case "stack":
    case "blurred":
      return "fp";
    case "function":
      return "func";
    case "scalar":
    case "unknown":
      return "scalar";
  }
}
