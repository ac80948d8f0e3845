import { expect, test } from "vitest";
import { LinkStack } from "./link-stack.ts";

test("returns come back in the order of a stack", () => {
  const stack = new LinkStack(4);
  for (const low of [0x10, 0x20, 0x30]) stack.push(0xc000_0000, low);
  expect([0x30, 0x20, 0x10].map((low) => stack.pops(0xc000_0000, low))).toEqual([true, true, true]);
});

test("addresses may come signed or unsigned", () => {
  const stack = new LinkStack(2);
  stack.push(0xc000_0000, -4);
  expect(stack.pops(0xc000_0000 | 0, 0xffff_fffc)).toBe(true);
});

test("calls deeper than the stack lose the oldest: four of six return right", () => {
  const stack = new LinkStack(4);
  const calls = [1, 2, 3, 4, 5, 6];
  for (const low of calls) stack.push(0, low);
  expect(calls.toReversed().map((low) => stack.pops(0, low))).toEqual([true, true, true, true, false, false]);
});

test("a return that no call paired shifts all that follow", () => {
  const stack = new LinkStack(4);
  for (const low of [1, 2, 3]) stack.push(0, low);
  expect(stack.pops(0, 99)).toBe(false);
  expect([3, 2, 1].map((low) => stack.pops(0, low))).toEqual([false, false, false]);
});

test("after a flush nothing is right, and calls enter again", () => {
  const stack = new LinkStack(4);
  stack.push(0, 1);
  stack.flush();
  expect(stack.pops(0, 1)).toBe(false);
  stack.push(0, 2);
  expect(stack.pops(0, 2)).toBe(true);
});
