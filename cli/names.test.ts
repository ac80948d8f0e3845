import { describe, expect, it } from "vitest";
import { address, bytes, count, size } from "./numbers.ts";
import { choice, nearest, notBuilt } from "./names.ts";
import { hex64 } from "../word/long.ts";

describe("names on the command line", () => {
  it("the nearest is the one with the fewest edits, or that begins so", () => {
    const names = ["run", "prog", "exec", "asm", "disasm", "layouts"];
    expect(nearest("rum", names)).toBe("run");
    expect(nearest("dissasm", names)).toBe("disasm");
    expect(nearest("lay", names)).toBe("layouts");
    expect(nearest("quux", names)).toBeUndefined();
    expect(nearest("x", [])).toBeUndefined();
  });
  it("a choice that is planned is told from one that does not exist", () => {
    const read = choice("--engine", ["reference", "interpreter"], ["translator"]);
    expect(read("reference")).toBe("reference");
    expect(() => read("translator")).toThrow(
      "--engine translator is not built yet (there is: reference, interpreter)",
    );
    expect(() => read("referense")).toThrow(
      "--engine: 'referense' does not exist (did you mean 'reference'?)",
    );
    expect(notBuilt("x").message).toBe("x is not built yet");
  });
});

describe("numbers on the command line", () => {
  it("counts are whole and in range", () => {
    const read = count("--n", 1, 1000);
    expect([read("1"), read("0x10"), read("1e3")]).toEqual([1, 16, 1000]);
    for (const wrong of ["", "0", "1001", "-1", "1.5", "1e4", "ten", "0x", " 1", "1_0"])
      expect(() => read(wrong)).toThrow("--n");
  });
  it("sizes have K, M or G behind them", () => {
    const read = size("--ram", 64 * 2 ** 20, 2 ** 31);
    expect([read("64M"), read("1g"), read("65536K"), read("2G")]).toEqual([
      2 ** 26,
      2 ** 30,
      2 ** 26,
      2 ** 31,
    ]);
    for (const wrong of ["63M", "3G", "64", "64MB", "64.5M", "-64M", ""])
      expect(() => read(wrong)).toThrow("--ram");
  });
  it("bytes are any number of them", () => {
    const read = bytes("--jit-limit");
    expect([read("1"), read("0x40"), read("64k"), read("2M"), read("528G")]).toEqual([
      1,
      64,
      65_536,
      2 ** 21,
      528 * 2 ** 30,
    ]);
    for (const wrong of ["0", "-1", "", "1.5M", "64KB", "1e3", "9007199254740992", "9999999999G"])
      expect(() => read(wrong)).toThrow("--jit-limit");
  });
  it("addresses have 64 bits and no sign", () => {
    const read = address("--base");
    expect(hex64(read("0xffff_ffff_ffff_ffff"))).toBe("0xffffffffffffffff");
    expect(hex64(read("4096"))).toBe("0x0000000000001000");
    for (const wrong of ["-1", "0x1_0000_0000_0000_0000", "", "base"])
      expect(() => read(wrong)).toThrow("--base");
  });
});
