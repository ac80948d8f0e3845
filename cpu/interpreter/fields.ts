// Operand fields as code that reads them from the instruction word, or from the suffix and its prefix. What is done with them is the verbs'.
import type { Field, Piece } from "../isa/pattern.ts";
import type { Row } from "../isa/row.ts";
import { STATE } from "../state.ts";
import { binary, constant, loadState, local, PURE, unary, type Node } from "../wasm/node.ts";
import { LOCAL } from "./locals.ts";

const word = local(LOCAL.WORD, 32);
/** No guest writes it. */
const prefix = loadState(STATE.PREFIX, 32, PURE);
const i32 = (n: number): Node => constant(n, 32);

function shifted(node: Node, left: number): Node {
  return left >= 0 ? binary("i32.shl", node, i32(left)) : binary("i32.shr_u", node, i32(-left));
}

/** The word that a piece of a field is in. */
function wordOf(piece: Piece): Node {
  return piece.inPrefix ? prefix : word;
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
    const moved = shifted(wordOf(piece), piece.at - lowest + to - piece.shift);
    result = binary("i32.or", result, binary("i32.and", moved, i32(target)));
  }
  return result;
}

/** The value of a field of more than 32 bits: each piece moved to the left end and from there to its place, the first with its sign. */
function wide(field: Field): Node {
  const pieces = field.pieces.map((piece) => {
    const { shift, width, at } = piece;
    const isFirst = at + width === field.width;
    const left = binary("i64.shl", unary("i64.extend_i32_u", wordOf(piece)), constant(64 - shift - width));
    const right = constant(64 - width);
    const value = binary(field.signed && isFirst ? "i64.shr_s" : "i64.shr_u", left, right);
    return binary("i64.shl", value, constant(at));
  });
  const value = pieces.reduce((all, piece) => binary("i64.or", all, piece));
  return binary("i64.shl", value, constant(Math.log2(field.scale)));
}

/** The value of an immediate field. */
export function immediate(field: Field): Node {
  if (field.width > 32) return wide(field);
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
    return unary("i64.extend16_s", unary("i64.extend_i32_u", scaled(wordOf(piece))));
  const value = binary(
    "i32.shr_s",
    shifted(wordOf(piece), 32 - piece.shift - piece.width),
    i32(32 - piece.width - shift),
  );
  return unary("i64.extend_i32_s", scaled(value));
}

/** Whether the fields make an invalid form; undefined where these values of shape fields allow none. */
export function invalidForm(row: Row, shape: Readonly<Record<string, number>>): Node | undefined {
  const open: Node[] = [];
  for (const { field, constant: least, last } of row.invalid) {
    const known = shape[field];
    const described = row.fields.find(({ name }) => name === field);
    if (known !== undefined && (known < least || known > last)) return undefined;
    if (described === undefined) continue;
    const value = take(described);
    const outside = binary(
      "i32.or",
      binary("i32.lt_u", value, i32(least)),
      binary("i32.gt_u", value, i32(last)),
    );
    open.push(unary("i32.eqz", outside));
  }
  const [first, ...others] = open;
  if (first === undefined) return undefined;
  return others.reduce((all, next) => binary("i32.and", all, next), first);
}
