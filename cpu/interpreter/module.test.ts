import { describe, expect, test } from "vitest";
import { decode, decodePrefixed, isPrefix } from "../isa/decode.ts";
import { encodeRow } from "../isa/encode.ts";
import type { WordLayout } from "../isa/pattern.ts";
import { cpuModels, insn, perform } from "../isa/row.ts";
import { isa } from "../isa/table.ts";
import { RAM_OFFSET, STATE } from "../state.ts";
import { Random } from "../test/random.ts";
import { GenerateError } from "../wasm/emitter.ts";
import { FIRST_PREFIXED, writeDecodeTable, writeMasks } from "./decode-table.ts";
import { PREFIX } from "./handlers.ts";
import { DECODE_SECTION } from "./locals.ts";
import { InterpreterMachine } from "./machine.ts";
import { interpreterModule, type InterpreterModule } from "./module.ts";

const { bytes, handlers, runBytes } = interpreterModule("le");

/** The decode table of a processor, in a memory of its own. */
function decodeMemory(model: number): DataView {
  const memory = new DataView(new ArrayBuffer(RAM_OFFSET));
  const [recipe] = WebAssembly.Module.customSections(new WebAssembly.Module(bytes), DECODE_SECTION);
  if (recipe === undefined) throw new RangeError("no recipe");
  writeDecodeTable(memory, recipe, model);
  return memory;
}

/** Which handler the interpreter's code finds for a word. */
function handlerOf(memory: DataView, word: number): number {
  const entry = STATE.DECODEPRIMARY + 16 * (word >>> 26);
  const [base, low, high, shift] = [0, 4, 8, 12].map((at) => memory.getInt32(entry + at, true));
  const offset = (base ?? 0) + ((word << 1) & (low ?? 0)) + ((word >>> (shift ?? 0)) & (high ?? 0));
  return memory.getUint16(STATE.DECODE + offset, true);
}

/** Which handler it finds for a suffix and its prefix. */
function prefixedHandlerOf(memory: DataView, prefix: number, suffix: number): number {
  const entry = FIRST_PREFIXED + (((prefix >>> 20) & 63) << 6) + (suffix >>> 26);
  return memory.getUint16(STATE.DECODE + 2 * entry, true);
}

const wordRows = isa.filter(({ prefix }) => prefix === undefined);

describe.each(cpuModels)("decode table of %s", (model) => {
  const memory = decodeMemory(cpuModels.indexOf(model));
  const random = new Random(21);
  const words = [
    ...wordRows.flatMap((row) => Array.from({ length: 200 }, () => row.match | (random.word() & ~row.mask))),
    // one bit beside an instruction, and anything at all
    ...wordRows.flatMap((row) => Array.from({ length: 32 }, (_, bit) => row.match ^ (1 << bit))),
    ...Array.from({ length: 20_000 }, () => random.word()),
  ].map((word) => word >>> 0);

  test("a word's handler is one of its row's, or the reference engine's", () => {
    const wrong = words.filter((word) => {
      const handler = handlerOf(memory, word);
      const row = decode(word, model);
      const names = handlers[handler]?.names ?? [];
      if (isPrefix(word, model)) return handler !== PREFIX;
      return handler !== 0 && !names.some((name) => name.split(" ")[0] === row?.mnemonic);
    });
    expect(wrong.map((word) => word.toString(16))).toEqual([]);
  });

  test("a suffix's handler is one of its row's, or the reference engine's", () => {
    const any = (word: WordLayout): number => (word.match | (random.word() & ~word.mask)) >>> 0;
    const pairs = isa.flatMap((row) => {
      const { prefix } = row;
      if (prefix === undefined) return [];
      return Array.from({ length: 300 }, () => {
        const pair = [any(prefix), any(row)] as const;
        const changed = random.pick([0, 1 << (16 + random.below(10))]);
        return [(pair[0] ^ changed) >>> 0, pair[1]] as const;
      });
    });
    const found = pairs.filter(([prefix, suffix]) => {
      const handler = prefixedHandlerOf(memory, prefix, suffix);
      // invalid forms are the handler's to find
      const row =
        decodePrefixed(prefix, suffix, model) ?? decodePrefixed(prefix, suffix & ~0x001f_0000, model);
      const names = handlers[handler]?.names ?? [];
      expect(handler === 0 || names.some((name) => name.split(" ")[0] === row?.mnemonic)).toBe(true);
      return handler !== 0;
    });
    expect(found.length).toBeGreaterThan(model === "power10" ? 2000 : -1);
    expect(model === "power10" ? [] : found).toEqual([]);
  });

  test("most rows are not left to the reference engine", () => {
    const left = wordRows.filter(
      (row) => handlerOf(memory, row.match) === 0 && decode(row.match, model) === row,
    );
    expect(
      left.map(({ mnemonic }) => mnemonic).filter((name) => /^(add|ld|std|rlwinm|cmp|b|bclr)$/.test(name)),
    ).toEqual([]);
    expect(left.length).toBeLessThan(wordRows.length / 2);
  });
});

test("the masks of rotate word instructions are MASK(MB + 32, ME + 32) of the manual", () => {
  const memory = new DataView(new ArrayBuffer(RAM_OFFSET));
  writeMasks(memory);
  for (let mb = 0; mb < 32; mb++)
    for (let me = 0; me < 32; me++) {
      let mask = 0n;
      for (let bit = mb + 32; ; bit = (bit + 1) % 64) {
        mask |= 1n << BigInt(63 - bit);
        if (bit === me + 32) break;
      }
      expect(memory.getBigUint64(STATE.MASKS + 8 * (32 * mb + me), true)).toBe(mask);
    }
});

test("the dispatching function stays where it is fast: under 30 KB", () => {
  expect(runBytes).toBeLessThan(30_000);
});

test.each(["le", "be"] as const)(
  "recording changes no handler's number and writes records alone, %s",
  (endian) => {
    const plain = interpreterModule(endian);
    const recording = interpreterModule(endian, "recording");
    const recipe = (module: InterpreterModule): unknown =>
      WebAssembly.Module.customSections(new WebAssembly.Module(module.bytes), DECODE_SECTION);
    expect(recipe(recording)).toEqual(recipe(plain));
    const facts = (module: InterpreterModule): unknown =>
      module.handlers.map(({ names, inline }) => ({ names, inline }));
    expect(facts(recording)).toEqual(facts(plain));
    // what is there before and after recording was generated is the same
    expect(interpreterModule(endian).bytes).toEqual(plain.bytes);
    expect(recording.runBytes).toBeLessThan(30_000);
  },
);

describe("a row that breaks a rule is found while generating", () => {
  const broken = {
    "reads what it has written": insn("broken", "011111 RT:5 RA:5 RB:5 0000000000 /", "RT,RA,RB", (m, f) => {
      const before = m.gpr(f.RA);
      m.setGpr(f.RT, m.imm(0));
      m.setGpr(f.RB, before);
    }),
    "loads after a write": insn("broken", "011111 RT:5 RA:5 RB:5 0000000000 /", "RT,RA,RB", (m, f) => {
      m.setGpr(f.RT, m.imm(0));
      m.setGpr(f.RB, m.load(8, m.imm(0)));
    }),
    "leaves after a write": insn("broken", "011111 RT:5 RA:5 RB:5 0000000000 /", "RT,RA,RB", (m, f) => {
      m.setGpr(f.RT, m.imm(0));
      m.system("mfmsr", f.RT);
    }),
  };
  test.each(Object.entries(broken))("%s", (_, row) => {
    const fields = Object.fromEntries(row.fields.map((field) => [field.name, field]));
    expect(() => {
      perform(row, new InterpreterMachine("broken", "le", "plain"), fields);
    }).toThrow(GenerateError);
  });
});

test("encoding a row and decoding the word gives the row", () => {
  const random = new Random(22);
  const wrong = wordRows.filter(
    (row) => decode(encodeRow(row, {})[0] | (random.word() & row.reserved)) !== row,
  );
  expect(wrong.map(({ mnemonic }) => mnemonic)).toEqual([]);
});
