// The save and restore routines of -Os, instruction by instruction: what the ABI says each does [ELFv2 2.3.3].
import { expect, it } from "vitest";
import { assemble } from "../../cpu/isa/assemble.ts";
import { routineName, routines } from "./crtsavres.ts";

const text = (lines: readonly string[]): readonly number[] => assemble(lines.join("\n")).words;
/** `MNEMONIC rN, -8 * (32 - N)(base)` for each register. */
const moves = (mnemonic: string, base: string, from: number, to: number): readonly string[] =>
  Array.from(
    { length: to - from + 1 },
    (_, i) => `${mnemonic} ${from + i}, ${-8 * (32 - from - i)}(${base})`,
  );

it.each([
  ["_savegpr0_14", [...moves("std", "1", 14, 31), "std 0, 16(1)", "blr"]],
  ["_savegpr1_14", [...moves("std", "12", 14, 31), "blr"]],
  ["_restgpr1_14", [...moves("ld", "12", 14, 31), "blr"]],
  [
    "_restgpr0_14",
    [
      ...moves("ld", "1", 14, 29),
      ...["ld 0, 16(1)", "mtlr 0", "ld 30, -16(1)", "ld 31, -8(1)", "blr"],
      ...[...moves("ld", "1", 30, 31), "ld 0, 16(1)", "mtlr 0", "blr"],
    ],
  ],
])("%s and its kin", (name, lines) => {
  expect(routines([name]).words).toEqual(text(lines));
});

it("each begins where its register is moved; families that nobody calls are left out", () => {
  const { offsets } = routines(["_restgpr0_16", "_savegpr0_29"]);
  expect([offsets.get("_savegpr0_14"), offsets.get("_savegpr0_31")]).toEqual([0, 4 * 17]);
  // 20 words of _savegpr0, 16 and 5 of the long run of _restgpr0.
  expect([offsets.get("_restgpr0_29"), offsets.get("_restgpr0_30")]).toEqual([
    4 * (20 + 15),
    4 * (20 + 16 + 5),
  ]);
  expect(offsets.has("_savegpr1_14")).toBe(false);
});

it("names of routines, with or without a dot; nothing else", () => {
  expect(
    ["._savegpr0_14", "_restgpr1_31", "_savegpr0_13", "_savegpr0_32", "_savefpr_14", "memcpy"].map(
      routineName,
    ),
  ).toEqual(["_savegpr0_14", "_restgpr1_31", undefined, undefined, undefined, undefined]);
});
