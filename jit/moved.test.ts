// Which instructions a log says to have moved.
import { expect, test } from "vitest";
import { movedInsns } from "./moved.ts";

test("nothing moved", () => {
  expect(movedInsns([0, 4, 8], [0, 4, 8])).toEqual([]);
  expect(movedInsns([], [])).toEqual([]);
});

test("neighbours that moved alike are one stretch; another distance begins another", () => {
  expect(movedInsns([0, 32, 36, 68, 72], [0, 8, 12, 20, 24])).toEqual([
    { first: 1, last: 2, from: 32, to: 8 },
    { first: 3, last: 4, from: 68, to: 20 },
  ]);
});

test("what did not move in between ends a stretch", () => {
  expect(movedInsns([0, 8, 16, 24], [4, 8, 20, 28])).toEqual([
    { first: 0, last: 0, from: 0, to: 4 },
    { first: 2, last: 3, from: 16, to: 20 },
  ]);
});
