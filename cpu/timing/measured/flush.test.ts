import { expect, test } from "vitest";
import { TimingModel } from "../model.ts";
import { flushCycles, flushProgram } from "./flush.ts";
import { measureRounds } from "./run.ts";

const make = (): TimingModel => new TimingModel({ model: "power9" });

test("the sequences have Linux's lengths: mflr, 64 bl, mtlr; li, mtctr, 278 blocks", () => {
  const instructions = (flush: Parameters<typeof flushProgram>[0]): number =>
    measureRounds(flushProgram(flush), "power9", make()).instructions;
  const none = instructions("none");
  expect(instructions("link-stack") - none).toBe(66);
  // The blocks are filled up with nops: eight words each, but li and mtctr are in one of their own.
  expect(instructions("count-cache") - none).toBeGreaterThanOrEqual(2 + 278 * 8 - 7);
});

test("64 calls to the next instruction take two cycles each, 278 blocks at least one each", () => {
  expect(flushCycles("link-stack", "power9", make)).toBeGreaterThan(2 * 64 - 8);
  expect(flushCycles("link-stack", "power9", make)).toBeLessThan(2 * 64 + 40);
  expect(flushCycles("count-cache", "power9", make)).toBeGreaterThan(278);
  expect(flushCycles("count-cache", "power9", make)).toBeLessThan(5 * 278);
});
