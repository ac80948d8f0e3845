// Prototypes of functions out of BTF: of those that an object declares for the kernel to have, and of those that a module has.
// Nothing is resolved here.
import type { KfuncPrototype, KfuncType, Pointee } from "../kfunc.ts";
import {
  KIND_ARRAY,
  KIND_ENUM,
  KIND_ENUM64,
  KIND_FLOAT,
  KIND_FUNC_PROTO,
  KIND_FWD,
  KIND_INT,
  KIND_PTR,
  KIND_STRUCT,
  KIND_UNION,
  type Btf,
  type BtfType,
} from "./btf.ts";

/** The section that `__ksym` puts declarations into [libbpf bpf_helpers.h]. */
const KSYMS = ".ksyms";
/** Structures in structures that are looked through. @linux kernel/bpf/verifier.c __btf_type_is_scalar_struct */
const MAX_NESTING = 3;

/**
 * The prototype of the extern function of this name.
 * @returns undefined where the object declares none
 * @linux tools/lib/bpf/libbpf.c find_extern_btf_id
 */
export function kernelPrototype(btf: Btf, name: string): KfuncPrototype | undefined {
  const declared = btf.functions(KSYMS).find((f) => f.name === name);
  return declared === undefined ? undefined : prototypeOf(btf, declared);
}

/** The prototype of a function that is defined where these types are; undefined where they have none of this name. */
export function definedPrototype(btf: Btf, name: string): KfuncPrototype | undefined {
  const defined = btf.function(name);
  return defined === undefined ? undefined : prototypeOf(btf, defined);
}

function prototypeOf(btf: Btf, { name, sizeOrType }: BtfType): KfuncPrototype | undefined {
  const proto = btf.type(sizeOrType);
  if (proto?.kind !== KIND_FUNC_PROTO) return undefined;
  return {
    name,
    parameters: proto.members.map((p) => ({ name: p.name, type: typeOf(btf, p.type) })),
    result: typeOf(btf, proto.sizeOrType),
  };
}

function typeOf(btf: Btf, number: number): KfuncType {
  if (number === 0) return { kind: "void" };
  const t = btf.plain(number);
  if (t === undefined) return { kind: "other", spelling: "UNKNOWN", bytes: undefined };
  if (isScalar(t)) return { kind: "scalar", bytes: t.sizeOrType, isSigned: t.isSigned };
  if (t.kind === KIND_PTR) return { kind: "pointer", to: pointeeOf(btf, t.sizeOrType) };
  return { kind: "other", spelling: spelling(t), bytes: btf.sizeOf(number) };
}

function pointeeOf(btf: Btf, number: number): Pointee {
  const t = btf.plain(number);
  // A chain of qualifiers ends at void, too.
  if (t === undefined)
    return { kind: "void", spelling: "UNKNOWN", name: "", bytes: undefined, isPlain: false };
  const kind = isScalar(t) ? "scalar" : isStruct(t) ? "struct" : "other";
  const isPlain = kind === "scalar" || isScalarStruct(btf, t, 0);
  return { kind, spelling: spelling(t), name: t.name, bytes: btf.sizeOf(number), isPlain };
}

const isScalar = ({ kind }: BtfType): boolean =>
  kind === KIND_INT || kind === KIND_ENUM || kind === KIND_ENUM64;
const isStruct = ({ kind }: BtfType): boolean => kind === KIND_STRUCT || kind === KIND_UNION;

function isScalarStruct(btf: Btf, t: BtfType, depth: number): boolean {
  if (!isStruct(t) || depth > MAX_NESTING) return false;
  return t.members.every(({ type }) => {
    const member = btf.plain(type);
    if (member === undefined) return false;
    if (isStruct(member)) return isScalarStruct(btf, member, depth + 1);
    const { array } = member;
    const element = array === undefined ? member : array.elements > 0 ? btf.plain(array.type) : undefined;
    return element !== undefined && isScalar(element);
  });
}

/** @linux kernel/bpf/btf.c btf_type_str */
function spelling({ kind }: BtfType): string {
  return names.get(kind) ?? "UNKNOWN";
}

const names: ReadonlyMap<number, string> = new Map([
  [KIND_INT, "INT"],
  [KIND_PTR, "PTR"],
  [KIND_ARRAY, "ARRAY"],
  [KIND_STRUCT, "STRUCT"],
  [KIND_UNION, "UNION"],
  [KIND_ENUM, "ENUM"],
  [KIND_ENUM64, "ENUM64"],
  [KIND_FWD, "FWD"],
  [KIND_FUNC_PROTO, "FUNC_PROTO"],
  [KIND_FLOAT, "FLOAT"],
]);
