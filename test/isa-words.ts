// Random instruction words for property tests: of a row, with fields that are often 0, all ones, or equal to each other.
// Test code; nothing of the processor depends on it.
import fc from "fast-check";
import type { InstructionWords } from "../cpu/isa/encode.ts";
import type { Row } from "../cpu/isa/row.ts";

const fieldBits = fc.oneof(fc.constantFrom(0, 31, 0x7fff_ffff, 3), fc.integer({ min: 0, max: 0x7fff_ffff }));

/** Words of a row, invalid forms too; with "sometimes", one instruction in eight has reserved bits set. */
export function wordsOf(row: Row, reservedBits: "never" | "sometimes"): fc.Arbitrary<InstructionWords> {
  const pieces = [...row.fields, ...row.shape].flatMap((field) => field.pieces);
  return fc
    .tuple(
      fc.array(fieldBits, { minLength: pieces.length, maxLength: pieces.length }),
      fc.integer({ min: 0, max: 7 }),
      fc.integer(),
    )
    .map(([bits, eighth, noise]) => {
      const word = (inPrefix: boolean, { match, reserved }: Pick<Row, "match" | "reserved">): number => {
        const noisy = eighth === 0 && reservedBits === "sometimes" ? noise & reserved : 0;
        return (
          pieces.reduce(
            (sofar, { shift, width, ...piece }, i) =>
              piece.inPrefix === inPrefix ? sofar | (((bits[i] ?? 0) & (2 ** width - 1)) << shift) : sofar,
            match | noisy,
          ) >>> 0
        );
      };
      const last = word(false, row);
      return row.prefix === undefined ? [last] : [word(true, row.prefix), last];
    });
}
