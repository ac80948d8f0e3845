import { expect, test } from "vitest";
import { assemble } from "../../isa/assemble.ts";
import { branchKindOf, isConditional } from "./kind.ts";

function wordOf(text: string): number {
  const [word] = assemble(text).words;
  if (word === undefined) throw new Error(`no word: ${text}`);
  return word;
}

// What the manual says of LK, BH and the special form of bcl: Book I 2.4 and 2.5.
test.each([
  ["b .+8", "direct", false],
  ["bl .+4", "direct-call", false],
  ["beq .+8", "direct", true],
  ["bdnz .-4", "direct", true],
  ["beql .+8", "direct-call", true],
  ["bcl 20,31,.+4", "direct", false],
  ["blr", "return", false],
  ["beqlr", "return", true],
  ["blrl", "return-call", false],
  ["bclr 20,0,1", "indirect", false],
  ["bctr", "indirect", false],
  ["bctrl", "indirect-call", false],
  ["beqctr", "indirect", true],
  ["bctar 20,0", "indirect", false],
])("%s is %s", (text, kind, conditional) => {
  const word = wordOf(text);
  expect(branchKindOf(word)).toBe(kind);
  expect(isConditional(word)).toBe(conditional);
});

test.each(["add 3,4,5", "crand 0,0,0", "sc", "isync"])("%s is no branch", (text) => {
  expect(branchKindOf(wordOf(text))).toBeUndefined();
});
