// Code that writes the record of the instruction at hand, for the module that records. What a record holds is cpu/stream.ts's.
import { RECORDS } from "../recorder.ts";
import { STATE } from "../state.ts";
import { ACCESS_KIND, RECORD, RECORD_WORDS } from "../stream.ts";
import type { Emitter } from "../wasm/emitter.ts";
import { PURE, binary, constant, loadState, local, unary, type Node } from "../wasm/node.ts";
import { LOCAL } from "./locals.ts";

const RECORD_BYTES = 4 * RECORD_WORDS;
const LAST = STATE.RECORDS + (RECORDS - 1) * RECORD_BYTES;

/** The record's place: from the count of instructions left, as InsnRecorder.room has it, so that no local is needed for it. */
const place = binary(
  "i32.sub",
  constant(LAST, 32),
  binary("i32.shl", local(LOCAL.BUDGET, 32), constant(Math.log2(RECORD_BYTES), 32)),
);

/** Two words of the record, the one at index `first` from the value's low half. */
function write(emitter: Emitter, first: number, value: Node): void {
  emitter.storeOwn(4 * first, value, place);
}

/** An address as a record has it: its high word first. */
function highFirst(address: Node): Node {
  return binary("i64.rotl", address, constant(32));
}

/** The words of an instruction, with a prefix in its upper half. */
function words(prefix: Node): Node {
  const word = unary("i64.extend_i32_u", local(LOCAL.WORD, 32));
  const upper = binary("i64.shl", unary("i64.extend_i32_u", prefix), constant(32));
  return binary("i64.or", word, upper);
}

/** Begins the record of the word that was fetched. */
export function recordWord(emitter: Emitter): void {
  write(emitter, RECORD.CIA_HIGH, highFirst(local(LOCAL.PC, 64)));
  write(emitter, RECORD.WORD, words(constant(0, 32)));
  write(emitter, RECORD.EA_HIGH, constant(0));
  write(emitter, RECORD.EA_KIND, constant(0));
}

/** Of the suffix that was fetched, whose prefix the state has. */
export function recordPrefix(emitter: Emitter): void {
  write(emitter, RECORD.WORD, words(loadState(STATE.PREFIX, 32, PURE)));
}

/** The one storage access of a handler; `ea` is bound. */
export function recordAccess(emitter: Emitter, access: "load" | "store", bytes: number, ea: Node): void {
  write(emitter, RECORD.EA_HIGH, highFirst(ea));
  write(emitter, RECORD.EA_KIND, constant(ACCESS_KIND[access] | (bytes << 8)));
}
