import { expect, test } from "vitest";
import { assemble } from "../../isa/assemble.ts";
import { branchKindOf } from "./kind.ts";

function wordOf(text: string): number {
  const [word] = assemble(text).words;
  if (word === undefined) throw new Error(`no word: ${text}`);
  return word;
}

// What the manual says of LK, BH and the special form of bcl: Book I 2.4 and 2.5.
test.each([
  ["b .+8", "direct"],
  ["bl .+4", "direct-call"],
  ["beq .+8", "direct"],
  ["bdnz .-4", "direct"],
  ["beql .+8", "direct-call"],
  ["bcl 20,31,.+4", "direct"],
  ["blr", "return"],
  ["beqlr", "return"],
  ["blrl", "return-call"],
  ["bclr 20,0,1", "indirect"],
  ["bctr", "indirect"],
  ["bctrl", "indirect-call"],
  ["beqctr", "indirect"],
  ["bctar 20,0", "indirect"],
])("%s is %s", (text, kind) => {
  expect(branchKindOf(wordOf(text))).toBe(kind);
});

test.each(["add 3,4,5", "crand 0,0,0", "sc", "isync"])("%s is no branch", (text) => {
  expect(branchKindOf(wordOf(text))).toBeUndefined();
});
