// How a pass of the JIT is told.
import { describe, expect, it } from "vitest";
import { asm } from "../jit/test/asm.ts";
import type { PassLog } from "../jit/compile.ts";
import { fromHalves, u64, type U64 } from "../word/long.ts";
import { passLines } from "./jit-log.ts";

const names = {
  cpu: "power9" as const,
  symbolAt: (at: U64): string | undefined => (at.low === 0x5000 ? "helper_name" : undefined),
};
const address = fromHalves(0xd000_0000, 0x0001_0000);
const pass: PassLog = {
  name: "main",
  index: 0,
  round: 2,
  pass: 1,
  bytes: 68,
  shrink: 24,
  address,
  moved: [],
  calls: [],
};

describe("a pass of the JIT", () => {
  it("that sizes has no address, and calls at their most", () => {
    const sizing = { ...pass, round: 1, pass: 0, shrink: 0, address: undefined } as const;
    const calls = [
      { slot: 3, callee: { name: "f1", address: undefined }, offset: 0x20, words: asm("nop; nop; nop") },
    ];
    expect(passLines({ ...sizing, calls }, names)).toEqual([
      "jit: main: pass 0, round 1, sizing: 68 bytes",
      "  call of f1 at insn 3: at most 3 words",
    ]);
  });
  it("that emits: bytes, what moved, the code of calls with their targets", () => {
    const moved = [
      { first: 4, last: 4, from: 0x40, to: 0x28 },
      { first: 5, last: 9, from: 0x60, to: 0x30 },
    ];
    const callee = { name: "helper", address: u64(0x5000) };
    const calls = [{ slot: 3, callee, offset: 0x20, words: asm("bl .+0x100; mr r8,r3") }];
    expect(passLines({ ...pass, moved, calls }, names)).toEqual([
      "jit: main: pass 1, round 2, at 0xd000000000010000: 68 bytes, 24 less",
      "  insn 4: 0x40 → 0x28",
      "  insns 5..9: 0x60 → 0x30",
      "  call of helper_name at insn 3, 0x20: bl 0xd000000000010120; mr r8,r3",
    ]);
    expect(passLines({ ...pass, shrink: -4 }, names)[0]).toMatch(/: 68 bytes, 4 more$/);
  });
  it("where many stretches moved, the first and how many more", () => {
    const moved = Array.from({ length: 10 }, (_, i) => ({
      first: 3 * i,
      last: 3 * i + 1,
      from: 40 + i,
      to: i,
    }));
    const lines = passLines({ ...pass, moved }, names);
    expect(lines).toHaveLength(1 + 8 + 1);
    expect(lines.at(-1)).toBe("  … 4 more in 2 stretches, up to insn 28");
  });
});
