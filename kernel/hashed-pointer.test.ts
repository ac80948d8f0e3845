import { describe, expect, it } from "vitest";
import { fromHalves, hex64, u64 } from "../word/long.ts";
import { PointerHash, siphash } from "./hashed-pointer.ts";
import { Random } from "./random.ts";
import { linux415, linux612 } from "./version.ts";

describe("pointers as %p prints them", () => {
  it("SipHash-2-4 of the bytes 0 to 7 under the key 0 to 15 is the one of the authors' table", () => {
    const key = [fromHalves(0x0706_0504, 0x0302_0100), fromHalves(0x0f0e_0d0c, 0x0b0a_0908)] as const;
    // vectors_sip64[8]: 62 24 93 9a 79 f5 f5 93.
    expect(hex64(siphash(fromHalves(0x0706_0504, 0x0302_0100), key))).toBe("0x93f5f5799a932462");
  });
  it("are 32 bits of a hash, the same within a boot and others in the next", () => {
    const [a, b] = [new PointerHash(new Random(1)), new PointerHash(new Random(2))];
    const address = fromHalves(0xc000_0000, 0x1234);
    expect(a.text(address)).toMatch(/^0{8}[0-9a-f]{8}$/);
    expect(a.text(address)).toBe(a.text(address));
    expect(a.text(address)).not.toBe(b.text(address));
    expect(a.text(address)).not.toBe(a.text(address.add(u64(1))));
  });
  it.each([
    // Linux's commit 7bd57fbc4a4d, in 5.6, lets NULL and errors be seen; before, NULL had a word of its own.
    [linux415, 0, "          (null)"],
    [linux612, 0, "0000000000000000"],
    [linux612, -1, "ffffffffffffffff"],
    [linux612, -4095, "fffffffffffff001"],
  ] as const)("hide no address where there is none: $name, %d", (version, value, text) => {
    expect(new PointerHash(new Random(1)).printed(u64(value), version)).toBe(text);
  });
  it.each([
    [linux415, -1],
    [linux415, 1],
    [linux612, -4096],
    [linux612, 1],
  ] as const)("hash the others: $name, %d", (version, value) => {
    const hash = new PointerHash(new Random(1));
    expect(hash.printed(u64(value), version)).toBe(hash.text(u64(value)));
  });
});
