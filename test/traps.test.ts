// The conditions of the trap instructions, each bit of TO against each order of two values [Power ISA v3.1B I 3.3.11].
import { describe, expect, it } from "vitest";
import { Cpu } from "../cpu/cpu.ts";
import { assemble } from "../cpu/isa/assemble.ts";
import { fromHalves, u64 } from "../word/long.ts";

const lowWordMinusOne = fromHalves(1, 0xffff_ffff);

// RA, RB, and the bits of TO that trap: 16 less, 8 greater, 4 equal, 2 less unsigned, 1 greater unsigned.
const cases = [
  ["td", "1 and 2", u64(1), u64(2), 16 + 2],
  ["td", "2 and 1", u64(2), u64(1), 8 + 1],
  ["td", "-1 and 1", u64(-1), u64(1), 16 + 1],
  ["td", "1 and -1", u64(1), u64(-1), 8 + 2],
  ["td", "7 and 7", u64(7), u64(7), 4],
  ["td", "doublewords that differ above the word", lowWordMinusOne, u64(-1), 8 + 2],
  ["tw", "words of doublewords that differ above them", lowWordMinusOne, u64(-1), 4],
  ["tw", "-1 and 1 as words", lowWordMinusOne, u64(1), 16 + 1],
] as const;

describe.each(["reference", "interpreter"] as const)("traps on the %s engine", (engine) => {
  it.each(cases)("%s: %s", (name, _, a, b, trapping) => {
    const found = [16, 8, 4, 2, 1].filter((TO) => {
      const cpu = new Cpu({ ramBytes: 0x1_0000, endian: "le", engine, interrupts: "host" });
      assemble(`${name} ${TO},4,5\nattn`).words.forEach((word, i) => {
        cpu.ram.store(4, 4 * i, u64(word), "le");
      });
      cpu.state.setGpr(4, a);
      cpu.state.setGpr(5, b);
      cpu.state.nia = u64(0);
      return cpu.run(2).reason === "interrupt";
    });
    expect(found.reduce((sum, TO) => sum + TO, 0)).toBe(trapping);
  });
});
