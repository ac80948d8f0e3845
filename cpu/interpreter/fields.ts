// Operand fields as code that reads them from the instruction word. What is done with them is the verbs'.
import type { Field } from "../isa/pattern.ts";
import { binary, constant, local, unary, type Node } from "../wasm/node.ts";
import { LOCAL } from "./locals.ts";

const word = local(LOCAL.WORD, 32);
const i32 = (n: number): Node => constant(n, 32);

function shifted(node: Node, left: number): Node {
  return left >= 0 ? binary("i32.shl", node, i32(left)) : binary("i32.shr_u", node, i32(-left));
}

/**
 * Bits of a field moved to where they are wanted: those bits of the value that `keep` has, the lowest of them at bit `to`.
 * One shift and one mask for each piece of the field.
 */
export function take(field: Field, to = 0, keep = 2 ** field.width - 1): Node {
  const lowest = keep === 0 ? 0 : 31 - Math.clz32(keep & -keep);
  let result = i32(0);
  for (const piece of field.pieces) {
    const bits = ((2 ** piece.width - 1) * 2 ** piece.at) & keep;
    if (bits === 0) continue;
    const target = (bits >>> lowest) << to;
    const moved = shifted(word, piece.at - lowest + to - piece.shift);
    result = binary("i32.or", result, binary("i32.and", moved, i32(target)));
  }
  return result;
}

/** The value of an immediate field. */
export function immediate(field: Field): Node {
  const [piece, second] = field.pieces;
  const shift = Math.log2(field.scale);
  if (!field.signed) return unary("i64.extend_i32_u", shifted(take(field), shift));
  if (piece === undefined || second !== undefined) {
    const top = 32 - field.width;
    const value = binary("i32.shr_s", shifted(take(field), top), i32(top));
    return unary("i64.extend_i32_s", shifted(value, shift));
  }
  const scaled = (node: Node): Node => (shift === 0 ? node : binary("i32.and", node, i32(-field.scale)));
  if (piece.shift === shift && piece.width + shift === 16)
    return unary("i64.extend16_s", unary("i64.extend_i32_u", scaled(word)));
  const value = binary(
    "i32.shr_s",
    shifted(word, 32 - piece.shift - piece.width),
    i32(32 - piece.width - shift),
  );
  return unary("i64.extend_i32_s", scaled(value));
}
