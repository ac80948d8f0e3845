// Folding changes no value: what the constructors make of known operands is what WebAssembly computes of the same.
import { expect, test } from "vitest";
import { EDGES, Random } from "../test/random.ts";
import { Emitter } from "./emitter.ts";
import { moduleBytes, signed, unsigned } from "./module.ts";
import { binary, complemented, constant, known, local, unary, type Node, type Width } from "./node.ts";
import { I32, I64, NUMERIC, type Numeric } from "./opcodes.ts";

const UNARY: readonly Numeric[] = [
  ...(["i32.eqz", "i64.eqz", "i32.clz", "i64.clz", "i32.ctz", "i64.popcnt", "i32.wrap_i64"] as const),
  ...(["i64.extend_i32_s", "i64.extend_i32_u", "i64.extend8_s", "i64.extend16_s", "i64.extend32_s"] as const),
];
const ALL = Object.keys(NUMERIC) as Numeric[];
const BINARY = ALL.filter((op) => !UNARY.includes(op) && !/clz|ctz|popcnt|div|rem/.test(op));

function operandWidth(op: Numeric): Width {
  return op.startsWith("i32.") && op !== "i32.wrap_i64" ? 32 : op.startsWith("i64.extend_i32") ? 32 : 64;
}

const first = { 64: local(0, 64), 32: local(2, 32) };
const second = { 64: local(1, 64), 32: local(3, 32) };

/** One function for each node, of (a, b: i64, a, b: i32). */
function compile(nodes: readonly Node[]): readonly ((a: bigint, b: bigint) => bigint)[] {
  const functions = nodes.map((node, i) => {
    const emitter = new Emitter("test", { 64: 4, 32: 4 });
    emitter.emit(node.width === 64 ? node : unary("i64.extend_i32_u", node));
    return { type: 0, locals: [], code: emitter.code as number[], name: `f${i}` };
  });
  const type = { parameters: [I64, I64, I32, I32], results: [I64] } as const;
  const bytes = moduleBytes({ types: [type], imports: [], pages: 1, functions, table: [], custom: [] });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return nodes.map((_, i) => {
    const run = exports[`f${i}`] as (a: bigint, b: bigint, low: number, other: number) => bigint;
    const low = (n: bigint): number => Number(BigInt.asIntN(32, n));
    return (a, b) => BigInt.asUintN(64, run(a, b, low(a), low(b)));
  });
}

const big = (value: { readonly high: number; readonly low: number }): bigint =>
  (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
const random = new Random(51);
const values = [...EDGES, random.value(), random.value()].map(big);

test("unary operations", () => {
  const runs = compile(UNARY.map((op) => unary(op, first[operandWidth(op)])));
  UNARY.forEach((op, i) => {
    for (const a of values) {
      const folded = known(unary(op, constant(a, operandWidth(op))));
      if (folded !== undefined) expect({ op, a, is: folded }).toEqual({ op, a, is: runs[i]?.(a, 0n) });
    }
  });
});

test("binary operations of known operands", () => {
  const runs = compile(BINARY.map((op) => binary(op, first[operandWidth(op)], second[operandWidth(op)])));
  let count = 0;
  BINARY.forEach((op, i) => {
    for (const a of values)
      for (const b of values) {
        const folded = known(binary(op, constant(a, operandWidth(op)), constant(b, operandWidth(op))));
        if (folded === undefined) continue;
        count++;
        expect({ op, a, b, is: folded }).toEqual({ op, a, b, is: runs[i]?.(a, b) });
      }
  });
  expect(count).toBeGreaterThan(2000);
});

test("binary operations of one known operand, on either side", () => {
  const known: readonly bigint[] = [0n, 1n, -1n, 0xffff_ffffn, 31n, 64n];
  const plain = compile(BINARY.map((op) => binary(op, first[operandWidth(op)], second[operandWidth(op)])));
  BINARY.forEach((op, i) => {
    const width = operandWidth(op);
    const right = compile(known.map((b) => binary(op, first[width], constant(b, width))));
    const left = compile(known.map((a) => binary(op, constant(a, width), first[width])));
    known.forEach((k, j) => {
      for (const a of values) {
        expect({ op, a, k, is: right[j]?.(a, 0n) }).toEqual({ op, a, k, is: plain[i]?.(a, k) });
        expect({ op, k, a, is: left[j]?.(a, 0n) }).toEqual({ op, k, a, is: plain[i]?.(k, a) });
      }
    });
  });
});

test("sums of sums, and narrowing what was widened", () => {
  const a = first[64];
  const nodes = [
    binary("i64.add", binary("i64.add", a, constant(5)), constant(-7)),
    unary("i32.wrap_i64", unary("i64.extend_i32_s", first[32])),
  ];
  const [sum, narrow] = compile(nodes);
  for (const x of values) {
    expect(sum?.(x, 0n)).toBe(BigInt.asUintN(64, x - 2n));
    expect(narrow?.(x, 0n)).toBe(BigInt.asUintN(32, x));
  }
  expect(complemented(binary("i64.xor", a, constant(-1)))).toBe(a);
  expect(complemented(binary("i64.xor", a, constant(1)))).toBeUndefined();
});

test("LEB128 of the specification's examples and of the ends", () => {
  // worked out by hand, seven bits a byte from the lowest [WebAssembly 2.0 5.2.2]
  expect(unsigned(624_485)).toEqual([0xe5, 0x8e, 0x26]);
  expect(signed(-123_456n)).toEqual([0xc0, 0xbb, 0x78]);
  expect([signed(-2n), signed(63n), signed(64n), signed(-64n)]).toEqual([[0x7e], [0x3f], [0xc0, 0], [0x40]]);
  expect(unsigned(2 ** 32 - 1)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
});
