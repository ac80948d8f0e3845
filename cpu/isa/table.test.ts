// The table as a whole: no word is two instructions, and fields go into words and come back.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allFields, decode, decodePrefixed, fieldValue, isPrefix, matches } from "./decode.ts";
import { encode, EncodeError, encodePrefixed, encodeRow } from "./encode.ts";
import type { WordLayout } from "./pattern.ts";
import { cpuModels, isInvalid, type Row } from "./row.ts";
import { isa } from "./table.ts";

const anyWord = fc.integer({ min: 0, max: 0xffff_ffff });
const anyRow = fc.constantFrom(...isa);
/** Any word, or suffix and prefix, of a row, reserved bits included. */
const anyWordOf = anyRow
  .chain((row) =>
    fc.tuple(anyWord, anyWord).map(([first, second]) => {
      const fit = (bits: number, { mask, match }: WordLayout): number => ((bits & ~mask) | match) >>> 0;
      const { prefix } = row;
      return { row, word: fit(first, row), prefix: prefix === undefined ? undefined : fit(second, prefix) };
    }),
  )
  .filter(({ row, word, prefix }) => !isInvalid(row, allFields(row, word, prefix)));

function decodeAny(word: number, prefix: number | undefined): Row | undefined {
  return prefix === undefined ? decode(word) : decodePrefixed(prefix, word);
}

/** Is there a word that fits both? */
function overlap(a: WordLayout, b: WordLayout): boolean {
  return ((a.match ^ b.match) & a.mask & b.mask) === 0;
}

describe("the table of instructions", () => {
  it("gives each mnemonic to one row", () => {
    const mnemonics = isa.map((row) => row.mnemonic);
    expect(mnemonics.filter((name, i) => mnemonics.indexOf(name) !== i)).toEqual([]);
  });

  it("has at most one row for any word", () => {
    const overlaps = isa.flatMap((a, i) =>
      isa
        .slice(i + 1)
        .filter((b) => (a.prefix === undefined) === (b.prefix === undefined))
        .filter((b) => overlap(a, b) && overlap(a.prefix ?? a, b.prefix ?? b))
        .map((b) => `${a.mnemonic} ${b.mnemonic}`),
    );
    expect(overlaps).toEqual([]);
  });

  it("decodes every word of a row to that row", () => {
    fc.assert(
      fc.property(anyWordOf, ({ row, word, prefix }) => decodeAny(word, prefix) === row),
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
      fc.property(anyWordOf, ({ row, word, prefix }) => {
        const plain = (bits: number, { reserved }: WordLayout): number => (bits & ~reserved) >>> 0;
        const words = [plain(word, row)];
        if (prefix !== undefined && row.prefix !== undefined) words.unshift(plain(prefix, row.prefix));
        expect(encodeRow(row, allFields(row, word, prefix))).toEqual(words);
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

describe("decodePrefixed", () => {
  const [prefix, suffix] = encodePrefixed("pld", { RT: 3, D: 16, R: 1 });

  it("knows prefixes on power10 alone", () => {
    expect(cpuModels.map((cpu) => isPrefix(prefix, cpu))).toEqual([false, false, true]);
    expect(cpuModels.map((cpu) => decodePrefixed(prefix, suffix, cpu)?.mnemonic)).toEqual([
      undefined,
      undefined,
      "pld",
    ]);
  });

  it("takes no prefix for a word, and no word for a prefix", () => {
    expect(decode(prefix)).toBeUndefined();
    expect(decodePrefixed(encode("ld", { RT: 3 }), suffix)).toBeUndefined();
  });

  it("has no instruction for R = 1 with a register", () => {
    expect(decodePrefixed(prefix, suffix | (4 << 16))).toBeUndefined();
    expect(decodePrefixed(prefix & ~(1 << 20), suffix | (4 << 16))?.mnemonic).toBe("pld");
  });

  it("has none where the fixed bits of the prefix differ", () => {
    for (const bit of [6, 7, 8])
      expect(decodePrefixed(prefix ^ (0x8000_0000 >>> bit), suffix), `${bit}`).toBeUndefined();
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

  it("makes prefix and suffix of a prefixed instruction", () => {
    expect(encodePrefixed("paddi", { RT: 3, SI: -8, R: 1 })).toEqual([0x0613_ffff, 0x3860_fff8]);
    expect(encodePrefixed("pld", { RT: 3, RA0: 4, D: 2 ** 33 - 1 })).toEqual([0x0401_ffff, 0xe464_ffff]);
    expect(() => encode("pld", {})).toThrow("pld: two words; encodePrefixed makes them");
    expect(() => encodePrefixed("ld", {})).toThrow("ld: one word; encode makes it");
    expect(() => encodePrefixed("pld", { RA0: 1, R: 1 })).toThrow("pld: R 1 and RA0 1 are an invalid form");
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
