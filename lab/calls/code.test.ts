// Laying out code with calls: branches over calls that shrink, alignment at an odd place, and lengths that never settle.
import { describe, expect, it } from "vitest";
import { assemble } from "../../cpu/isa/assemble.ts";
import { fromHalves, u64, type U64 } from "../../word/long.ts";
import { mostBytes, placed, text, type CallMaker, type Item } from "./code.ts";

const base: U64 = fromHalves(0xd000_0000, 0x1_0004);
const nops = (count: number): readonly number[] => assemble("nop\n".repeat(count)).words;
const maker = (maxWords: number, words: (site: number) => readonly number[]): CallMaker => ({
  maxWords,
  pass: () => ({ words, stubs: [], table: [] }),
});
const always = (count: number): CallMaker => maker(count, () => nops(count));

const items: readonly Item[] = [
  { kind: "label", name: "start" },
  { kind: "call", site: 0 },
  { kind: "branch", on: "eq", to: "end" },
  { kind: "call", site: 1 },
  { kind: "jump", to: "start" },
  { kind: "align", bytes: 32 },
  { kind: "label", name: "end" },
  text("li r3,1; blr"),
];

describe("code with calls", () => {
  it("is what the assembler makes of the same with the calls' words in it", () => {
    const { words, callBytes } = placed(items, base, always(2));
    const same = "start: nop; nop; beq end; nop; nop; b start; .balign 32; end: li r3,1; blr";
    const code = assemble(same.replaceAll(";", "\n"), { base }).words;
    // .balign fills with nops of the assembler's own
    expect(words).toEqual(code);
    expect(callBytes).toEqual([8, 8]);
  });
  it("a call that shrinks once its callee is close moves what is behind it", () => {
    const shrinking = maker(7, (site) => nops(site === 0 ? 1 : 3));
    const { labels, callBytes, words } = placed(items, base, shrinking);
    expect(callBytes).toEqual([4, 12]);
    // 4 + 4 + 12 + 4 from 0x…4: 0x…1c, aligned to 0x…20
    expect(labels.get("end")).toBe(28);
    expect(words).toHaveLength(9);
  });
  it("has room for all calls at their longest and the alignment at its worst", () => {
    expect(mostBytes(items, 7)).toBeGreaterThanOrEqual(4 * placed(items, base, always(7)).words.length);
    for (let odd = 0; odd < 32; odd += 4)
      expect(4 * placed(items, u64(odd), always(7)).words.length).toBeLessThanOrEqual(mostBytes(items, 7));
  });
  it("has what calls share behind it, at the place that the calls were told", () => {
    const stubs: U64[] = [];
    const sharing: CallMaker = {
      maxWords: 7,
      pass(at) {
        stubs.push(at);
        return { words: () => nops(1), stubs: nops(3), table: [] };
      },
    };
    const { words, stubBytes } = placed(items, base, sharing);
    expect(stubBytes).toBe(12);
    expect(words.length).toBe(4 + 3 + 2 + 3);
    expect(stubs.at(-1)).toEqual(base.add(4 * 9));
  });
  it("a call may be of another length at another place: each is asked at its own, once it is settled", () => {
    // as a prefixed instruction, which must not start in the last word of 64 bytes
    const aligned: CallMaker = {
      maxWords: 5,
      pass: () => ({
        words: (_, from) => nops((from.low & 63) === 60 ? 5 : 4),
        stubs: [],
        table: [],
      }),
    };
    const sites = Array.from({ length: 64 }, (_, site): Item => ({ kind: "call", site }));
    const { callBytes } = placed(sites, u64(0x1000 + 12), aligned);
    // 12, 28, 44, 60 and so on: the fourth takes 20 bytes, and every one behind it starts at 16 n
    expect(callBytes.filter((bytes) => bytes === 20)).toHaveLength(1);
    expect(callBytes[3]).toBe(20);
  });
  it("whose length never settles is an error", () => {
    let calls = 0;
    const restless = maker(2, () => nops(1 + (calls++ % 3)));
    expect(() => placed([{ kind: "call", site: 0 }], base, restless)).toThrow(/settled/);
  });
});
