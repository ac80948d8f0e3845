import { expect, test } from "vitest";
import { DirectionPredictor } from "./direction.ts";
import { power9Front } from "./power9.ts";

/** Wrong predictions in the second half of `outcomes`, of a branch at 0x1000. */
function wrong(outcomes: readonly boolean[]): number {
  const predictor = new DirectionPredictor(power9Front.direction, "typical");
  const right = outcomes.map((taken) => predictor.predicts(0x1000, taken));
  return right.slice(outcomes.length / 2).filter((x) => !x).length;
}

function repeated(pattern: string, times: number): boolean[] {
  return Array.from(pattern.repeat(times), (c) => c === "1");
}

test("a branch that always goes one way is predicted", () => {
  expect(wrong(repeated("1", 100))).toBe(0);
  expect(wrong(repeated("0", 100))).toBe(0);
});

test("patterns within the history are predicted, a loop of eight to its end", () => {
  expect(wrong(repeated("10", 200))).toBe(0);
  expect(wrong(repeated("11111110", 200))).toBe(0);
});

test("a loop longer than the history fails once a round", () => {
  expect(wrong(repeated(`${"1".repeat(99)}0`, 20))).toBe(10);
});

test("a random branch fails about every second time", () => {
  // Bits of the LFSR x^16 + x^14 + x^13 + x^11 + 1.
  let state = 0xace1;
  const bits = Array.from({ length: 4000 }, () => {
    state = (state >>> 1) ^ (-(state & 1) & 0xb400);
    return (state & 1) === 1;
  });
  const rate = wrong(bits) / 2000;
  expect(rate).toBeGreaterThan(0.4);
  expect(rate).toBeLessThan(0.6);
});
