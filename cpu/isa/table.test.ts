// The table as a whole: no word is two instructions, and fields go into words and come back.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allFields, decode, fieldValue, matches } from "./decode.ts";
import { encode, EncodeError, encodeRow } from "./encode.ts";
import { cpuModels } from "./row.ts";
import { isa } from "./table.ts";

const anyWord = fc.integer({ min: 0, max: 0xffff_ffff });
const anyRow = fc.constantFrom(...isa);
/** Any word of a row, reserved bits included. */
const anyWordOf = anyRow.chain((row) =>
  anyWord.map((bits) => ({ row, word: ((bits & ~row.mask) | row.match) >>> 0 })),
);

describe("the table of instructions", () => {
  it("gives each mnemonic to one row", () => {
    const mnemonics = isa.map((row) => row.mnemonic);
    expect(mnemonics.filter((name, i) => mnemonics.indexOf(name) !== i)).toEqual([]);
  });

  it("has at most one row for any word", () => {
    const overlaps = isa.flatMap((a, i) =>
      isa
        .slice(i + 1)
        .filter((b) => ((a.match ^ b.match) & a.mask & b.mask) === 0)
        .map((b) => `${a.mnemonic} ${b.mnemonic}`),
    );
    expect(overlaps).toEqual([]);
  });

  it("decodes every word of a row to that row", () => {
    fc.assert(
      fc.property(anyWordOf, ({ row, word }) => decode(word) === row),
      { numRuns: 5000 },
    );
  });

  it("decodes random words without throwing, and never to a row that does not match", () => {
    fc.assert(
      fc.property(anyWord, fc.constantFrom(...cpuModels), (word, cpu) => {
        const row = decode(word, cpu);
        return row === undefined || matches(row, word);
      }),
      { numRuns: 20_000 },
    );
  });

  it("encodes the fields of a word to that word without its reserved bits", () => {
    fc.assert(
      fc.property(anyWordOf, ({ row, word }) => {
        expect(encodeRow(row, allFields(row, word))).toBe((word & ~row.reserved) >>> 0);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("decode", () => {
  it("knows an instruction only from the processor on that has it", () => {
    const modsw = encode("modsw", { RT: 3, RA: 4, RB: 5 });
    expect(decode(modsw, "power8")).toBeUndefined();
    expect(decode(modsw, "power9")?.mnemonic).toBe("modsw");
    expect(decode(modsw, "power10")?.mnemonic).toBe("modsw");
  });
});

// The words are binutils': powerpc64-linux-gnu-as 2.40.
describe("encode", () => {
  it("puts shape fields where the pattern has them", () => {
    expect(encode("add", { RT: 3, RA: 4, RB: 5 })).toBe(0x7c64_2a14);
    expect(encode("add", { RT: 3, RA: 4, RB: 5, OE: 1, Rc: 1 })).toBe(0x7c64_2e15);
    expect(encode("addic", { RT: 3, RA: 4, SI: -1, Rc: 1 })).toBe(0x3464_ffff);
  });

  it("puts together fields that are split or scaled", () => {
    expect(encode("rldicl", { RS: 4, RA: 3, SH: 32, MB: 63 })).toBe(0x7883_07e2);
    expect(encode("std", { RS: 0, RA0: 1, DS: -8 })).toBe(0xf801_fff8);
    expect(encode("mtspr", { RS: 3, SPR: 272 })).toBe(0x7c70_43a6);
    expect(encode("addpcis", { RT: 3, D: -32768 })).toBe(0x4c60_8004);
  });

  it("says which field does not fit, and its range", () => {
    const message = (fields: Record<string, number>): string => {
      try {
        encode("std", fields);
      } catch (error) {
        if (error instanceof EncodeError) return error.message;
      }
      return "no EncodeError";
    };
    expect(message({ DS: 32768 })).toBe("std: DS is 32768, not -32768 to 32764, a multiple of 4");
    expect(message({ DS: 2 })).toContain("DS is 2");
    expect(message({ RS: 32 })).toBe("std: RS is 32, not 0 to 31");
    expect(message({ RT: 1 })).toContain("no field RT; it has RS, RA0, DS");
  });
});

describe("fieldValue", () => {
  it("extends the sign before it scales", () => {
    const branch = encode("b", { LI: -0x200_0000 });
    const row = decode(branch);
    expect(row?.fields.map((field) => fieldValue(field, branch))).toEqual([-0x200_0000]);
  });
});
