import { describe, expect, test } from "vitest";
import { decode } from "../isa/decode.ts";
import { encodeRow } from "../isa/encode.ts";
import { cpuModels, insn, perform } from "../isa/row.ts";
import { isa } from "../isa/table.ts";
import { RAM_OFFSET, STATE } from "../state.ts";
import { Random } from "../test/random.ts";
import { GenerateError } from "../wasm/emitter.ts";
import { writeDecodeTable, writeMasks } from "./decode-table.ts";
import { DECODE_SECTION } from "./locals.ts";
import { InterpreterMachine } from "./machine.ts";
import { interpreterModule } from "./module.ts";

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

describe.each(cpuModels)("decode table of %s", (model) => {
  const memory = decodeMemory(cpuModels.indexOf(model));
  const random = new Random(21);
  const words = [
    ...isa.flatMap((row) => Array.from({ length: 200 }, () => row.match | (random.word() & ~row.mask))),
    // one bit beside an instruction, and anything at all
    ...isa.flatMap((row) => Array.from({ length: 32 }, (_, bit) => row.match ^ (1 << bit))),
    ...Array.from({ length: 20_000 }, () => random.word()),
  ].map((word) => word >>> 0);

  test("a word's handler is one of its row's, or the reference engine's", () => {
    const wrong = words.filter((word) => {
      const handler = handlerOf(memory, word);
      const row = decode(word, model);
      const names = handlers[handler]?.names ?? [];
      return handler !== 0 && !names.some((name) => name.split(" ")[0] === row?.mnemonic);
    });
    expect(wrong.map((word) => word.toString(16))).toEqual([]);
  });

  test("most rows are not left to the reference engine", () => {
    const left = isa.filter((row) => handlerOf(memory, row.match) === 0 && decode(row.match, model) === row);
    expect(
      left.map(({ mnemonic }) => mnemonic).filter((name) => /^(add|ld|std|rlwinm|cmp|b|bclr)$/.test(name)),
    ).toEqual([]);
    expect(left.length).toBeLessThan(isa.length / 2);
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
      perform(row, new InterpreterMachine("broken", "le"), fields);
    }).toThrow(GenerateError);
  });
});

test("encoding a row and decoding the word gives the row", () => {
  const random = new Random(22);
  const wrong = isa.filter((row) => decode(encodeRow(row, {}) | (random.word() & row.reserved)) !== row);
  expect(wrong.map(({ mnemonic }) => mnemonic)).toEqual([]);
});
