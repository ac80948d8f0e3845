// Laying out code with calls: branches over calls that shrink, alignment at an odd place, and lengths that never settle.
import { describe, expect, it } from "vitest";
import { assemble } from "../../cpu/isa/assemble.ts";
import { fromHalves, u64, type U64 } from "../../word/long.ts";
import { mostBytes, placed, text, type CallMaker, type Item } from "./code.ts";

const base: U64 = fromHalves(0xd000_0000, 0x1_0004);
const nops = (count: number): readonly number[] => assemble("nop\n".repeat(count)).words;
const always = (count: number): CallMaker => ({ maxWords: count, words: () => nops(count) });

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
    const shrinking: CallMaker = { maxWords: 7, words: (site) => nops(site === 0 ? 1 : 3) };
    const { labels, callBytes, words } = placed(items, base, shrinking);
    expect(callBytes).toEqual([4, 12]);
    // 4 + 4 + 12 + 4 from 0x…4: 0x…1c, aligned to 0x…20
    expect(labels.get("end")).toBe(28);
    expect(words).toHaveLength(9);
  });
  it("has room for all calls at their longest and the alignment at its worst", () => {
    expect(mostBytes(items, { maxWords: 7 })).toBeGreaterThanOrEqual(
      4 * placed(items, base, always(7)).words.length,
    );
    for (let odd = 0; odd < 32; odd += 4)
      expect(4 * placed(items, u64(odd), always(7)).words.length).toBeLessThanOrEqual(
        mostBytes(items, { maxWords: 7 }),
      );
  });
  it("whose lengths never settle is an error", () => {
    let calls = 0;
    const restless: CallMaker = { maxWords: 2, words: () => nops(1 + (calls++ % 3)) };
    expect(() => placed(items, base, restless)).toThrow(/settled/);
  });
});
