// What calls do to the link stack, as programs that are run: a function that calls another one, by three sequences.
import { expect, test } from "vitest";
import { cpuModels } from "../../isa/row.ts";
import { TimingModel } from "../model.ts";
import { measureRounds } from "./run.ts";

const CALLS = { bl: "bl g", bctrl: "mtctr 12\n bctrl", blrl: "mtlr 12\n blrl" } as const;

/** Each round calls f, and f calls g. */
function nested(call: keyof typeof CALLS): string {
  return `
  lis 12,g@ha
  addi 12,12,g@l
  .balign 32
loop:
  bl f
  addi 31,31,-1
  cmpdi 7,31,0
  bgt 7,loop
  attn
  .balign 32
f:
  mflr 0
  std 0,16(1)
  stdu 1,-32(1)
  ${CALLS[call]}
  addi 1,1,32
  ld 0,16(1)
  mtlr 0
  blr
  .balign 32
g: blr`;
}

test.each(cpuModels)(
  "%s: mtlr and blrl, the sequence of 2018, spoil their own prediction and their function's return",
  (model) => {
    const rounds = (call: keyof typeof CALLS): { readonly mispredicts: number; readonly cycles: number } =>
      measureRounds({ text: nested(call) }, model, new TimingModel({ model }));
    expect(rounds("bl").mispredicts).toBe(0);
    expect(rounds("bctrl").mispredicts).toBe(0);
    expect(rounds("blrl").mispredicts).toBe(2);
    // Two mispredicts cost at least their 16 cycles each, less what the calls cost otherwise.
    expect(rounds("blrl").cycles - rounds("bctrl").cycles).toBeGreaterThan(20);
  },
);

test.each([
  ["power8", 32],
  ["power9", 64],
] as const)("%s: recursion %d deep returns right, one deeper once wrong", (model, entries) => {
  // f calls itself as often as r3 says; its frames hold LR alone.
  const text = (deep: number): string => `
  .balign 32
loop:
  li 3,${deep - 1}
  bl f
  addi 31,31,-1
  cmpdi 7,31,0
  bgt 7,loop
  attn
  .balign 32
f:
  mflr 0
  std 0,16(1)
  stdu 1,-32(1)
  cmpdi 3,0
  addi 3,3,-1
  beq out
  bl f
out:
  addi 1,1,32
  ld 0,16(1)
  mtlr 0
  blr`;
  const wrong = (deep: number): number =>
    measureRounds({ text: text(deep), rounds: 16 }, model, new TimingModel({ model })).mispredicts;
  // The end of the recursion itself is mispredicted, once a round: it is longer than the history.
  expect(wrong(entries + 1) - wrong(entries)).toBe(1);
  expect(wrong(entries + 5) - wrong(entries)).toBe(5);
});
