// Byte reversal, which WebAssembly has no instruction for.
import { binary, constant, unary, type Node } from "./node.ts";

const i32 = (n: number): Node => constant(n, 32);

/** The bytes of an i32 reversed; `x` is used twice. */
export function swap32(x: Node): Node {
  return binary(
    "i32.or",
    binary("i32.and", binary("i32.rotl", x, i32(8)), i32(0x00ff_00ff)),
    binary("i32.and", binary("i32.rotr", x, i32(8)), i32(0xff00_ff00)),
  );
}

/** The bytes of an i64 reversed; `x` is used twice. */
export function swap64(x: Node): Node {
  const half = (node: Node): Node => unary("i64.extend_i32_u", swap32(unary("i32.wrap_i64", node)));
  return binary(
    "i64.or",
    binary("i64.shl", half(x), constant(32)),
    half(binary("i64.shr_u", x, constant(32))),
  );
}
