// Instructions given as 64-bit numbers, as a little-endian machine reads a slot.
import { decodeInsns, type Insn } from "../../bpf/insn.ts";
import { parseU64 } from "../../word/long.ts";
import { ConformanceSyntaxError } from "./assemble.ts";

export function rawSlots(text: string): readonly Insn[] {
  const numbers = text.trim().split(/\s+/);
  const bytes = new Uint8Array(numbers.length * 8);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, i) => {
    const value = parseU64(number);
    if (value === undefined) throw new ConformanceSyntaxError(`not a number: ${number}`);
    view.setInt32(i * 8, value.low, true);
    view.setInt32(i * 8 + 4, value.high, true);
  });
  return decodeInsns(bytes, "le");
}
