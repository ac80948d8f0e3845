// Expressions that will be WebAssembly code: built from rows' verbs, folded where values are known, emitted late (emitter.ts).
// A node remembers after how many guest writes it reads guest state, so that emitting it later than a write is found out.
import type { Field } from "../isa/pattern.ts";
import type { MemoryAccess, Numeric } from "./opcodes.ts";

/** Bits of a value: an i32 or an i64. Truth values are i32 of 0 or 1. */
export type Width = 32 | 64;

/** No guest state is read. */
export const PURE = -1;

interface Common {
  readonly width: Width;
  /** How many guest writes had happened when the state this reads was read, or PURE. */
  readonly reads: number;
  /** The operand field this is the value of. */
  readonly field?: Field;
}

export type Node = Common &
  (
    | { readonly kind: "constant"; readonly value: bigint }
    | { readonly kind: "local"; readonly index: number }
    | {
        readonly kind: "load";
        readonly access: MemoryAccess;
        readonly address: Node;
        readonly offset: number;
      }
    | { readonly kind: "select"; readonly then: Node; readonly otherwise: Node; readonly when: Node }
    | { readonly kind: "unary"; readonly op: Numeric; readonly a: Node }
    | { readonly kind: "binary"; readonly op: Numeric; readonly a: Node; readonly b: Node }
  );

/** A known value; taken modulo 2^width. */
export function constant(value: bigint | number, width: Width = 64): Node {
  return { kind: "constant", width, value: BigInt.asUintN(width, BigInt(value)), reads: PURE };
}

export function local(index: number, width: Width): Node {
  return { kind: "local", index, width, reads: PURE };
}

/** Reads the machine's state at `address` + `offset`; `reads` is the count of guest writes so far. */
export function loadState(
  offset: number,
  width: Width,
  reads: number,
  address: Node = constant(0, 32),
): Node {
  return { kind: "load", access: width === 64 ? "i64.load" : "i32.load", address, offset, width, reads };
}

function latest(...nodes: readonly Node[]): number {
  return Math.max(...nodes.map((node) => node.reads));
}

/** Comparisons give an i32. */
function resultWidth(op: Numeric, kind: "unary" | "binary"): Width {
  const [type = "", name = ""] = op.split(".");
  const comparison = kind === "binary" && /^(eq|ne|[lg][te]_[su])$/.test(name);
  return comparison || name === "eqz" || type === "i32" ? 32 : 64;
}

function isConstant(node: Node): node is Extract<Node, { kind: "constant" }> {
  return node.kind === "constant";
}

/** The value of a node that is known. */
export function known(node: Node): bigint | undefined {
  return isConstant(node) ? node.value : undefined;
}

const UNARY: Partial<Record<Numeric, (value: bigint) => bigint>> = {
  "i32.wrap_i64": (value) => BigInt.asUintN(32, value),
  "i64.extend_i32_u": (value) => value,
  "i64.extend_i32_s": (value) => BigInt.asIntN(32, value),
  "i64.extend8_s": (value) => BigInt.asIntN(8, value),
  "i64.extend16_s": (value) => BigInt.asIntN(16, value),
  "i64.extend32_s": (value) => BigInt.asIntN(32, value),
  "i32.eqz": (value) => (value === 0n ? 1n : 0n),
  "i64.eqz": (value) => (value === 0n ? 1n : 0n),
};

export function unary(op: Numeric, a: Node): Node {
  const width = resultWidth(op, "unary");
  const fold = UNARY[op];
  if (isConstant(a) && fold !== undefined) return constant(fold(a.value), width);
  const widened = a.kind === "unary" && (a.op === "i64.extend_i32_u" || a.op === "i64.extend_i32_s");
  if (op === "i32.wrap_i64" && widened) return a.a;
  return { kind: "unary", op, a, width, reads: a.reads };
}

const ALL = 0xffff_ffff_ffff_ffffn;

const BINARY: Partial<Record<string, (a: bigint, b: bigint, width: bigint) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, width) => a << (b & (width - 1n)),
  shr_u: (a, b, width) => a >> (b & (width - 1n)),
  shr_s: (a, b, width) => BigInt.asIntN(Number(width), a) >> (b & (width - 1n)),
  rotl: (a, b, width) => (a << (b & (width - 1n))) | (a >> (width - (b & (width - 1n)))),
};

/** x op 0 is x for these. */
const ZERO_RIGHT: ReadonlySet<string> = new Set([
  "add",
  "sub",
  "or",
  "xor",
  "shl",
  "shr_u",
  "shr_s",
  "rotl",
  "rotr",
]);
const COMMUTATIVE: ReadonlySet<string> = new Set(["add", "mul", "and", "or", "xor"]);

/** `a op b`, folded where that makes less code. */
export function binary(op: Numeric, a: Node, b: Node): Node {
  const [type, name = ""] = op.split(".");
  const operandWidth: Width = type === "i32" ? 32 : 64;
  const width = resultWidth(op, "binary");
  if (isConstant(a) && isConstant(b)) {
    const fold = BINARY[name];
    if (fold !== undefined) return constant(fold(a.value, b.value, BigInt(operandWidth)), width);
  }
  if (isConstant(a) && !isConstant(b) && COMMUTATIVE.has(name)) return binary(op, b, a);
  if (isConstant(b)) {
    if (b.value === 0n && ZERO_RIGHT.has(name)) return a;
    if (name === "and" && b.value === BigInt.asUintN(operandWidth, ALL)) return a;
    if (op === "i64.and" && b.value === 0xffff_ffffn)
      return unary("i64.extend_i32_u", unary("i32.wrap_i64", a));
    if (op === "i64.eq" && b.value === 0n) return unary("i64.eqz", a);
    if (op === "i64.add" && a.kind === "binary" && a.op === "i64.add" && isConstant(a.b))
      return binary("i64.add", a.a, constant(a.b.value + b.value));
  }
  return { kind: "binary", op, a, b, width, reads: latest(a, b) };
}

/** The x of ~x. */
export function complemented(node: Node): Node | undefined {
  const isNot = node.kind === "binary" && node.op === "i64.xor" && known(node.b) === ALL;
  return isNot ? node.a : undefined;
}

export function select(when: Node, then: Node, otherwise: Node): Node {
  return { kind: "select", then, otherwise, when, width: then.width, reads: latest(when, then, otherwise) };
}

/** The same value, marked as that of a field. */
export function ofField(node: Node, field: Field): Node {
  return { ...node, field };
}
