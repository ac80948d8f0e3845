// Words of which the same is known are decoded once: that the same is known of them is looked up for each by itself.
import { describe, expect, it } from "vitest";
import { assemble } from "../isa/assemble.ts";
import { allFields, decode } from "../isa/decode.ts";
import { cpuModels } from "../isa/row.ts";
import { schedulingClass } from "./classes.ts";
import { cpuTimings } from "./cpu-timings.ts";
import { dataflowOf } from "./dataflow.ts";
import { Decoder, likeness } from "./decoded.ts";
import { branchKindOf } from "./front/kind.ts";

const words = (text: string): readonly number[] => assemble(text.replaceAll(";", "\n")).words;

describe("words that differ in what does not matter", () => {
  const alike = words(
    "b .+8; b .-400; bl .+64; bl .-8; ba 0x100; lis r12,1; lis r12,-3; addi r3,r4,7; ori r5,r6,9; oris r5,r6,2",
  );
  const others = words(
    "nop; oris 0,0,0; li r3,0; xori 3,3,1; beq .+8; blr; bctrl; mtctr r12; ld r3,8(r4); andi. r3,r4,5",
  );

  it("of a branch or a constant are alike, of everything else are not", () => {
    const [b, back, bl, blBack, ba, lis, lisMore] = alike.map(likeness);
    expect(b).toBe(back);
    expect(bl).toBe(blBack);
    expect(lis).toBe(lisMore);
    expect(new Set([b, bl, ba, lis]).size).toBe(4);
    for (const word of others.filter((each) => each >>> 26 !== 14)) expect(likeness(word)).toBe(word);
  });
  it.each(cpuModels)("have the same row, registers, class and kind of branch, on %s", (model) => {
    const known = (word: number): object => {
      const row = decode(word, model);
      if (row === undefined) throw new Error(`no instruction ${word.toString(16)}`);
      const schedules = schedulingClass(row, allFields(row, word, 0));
      return { row, flow: dataflowOf(row, word, 0), schedules, branch: branchKindOf(word) };
    };
    for (const word of [...alike, ...others]) expect(known(likeness(word))).toEqual(known(word));
  });
  it("are made once", () => {
    const decoder = new Decoder("power9", cpuTimings.power9.core, "typical");
    const [b = 0, back = 0, bl = 0] = alike;
    expect(decoder.of(b, 0)).toBe(decoder.of(back, 0));
    expect(decoder.of(b, 0)).not.toBe(decoder.of(bl, 0));
  });
});
