// Symbols by address and by name, as they come and go.
import { describe, expect, it } from "vitest";
import { fromHalves } from "../word/long.ts";
import { Kallsyms } from "./kallsyms.ts";

describe("kallsyms", () => {
  it("an address belongs to the symbol that it lies in, with offset and size", () => {
    const kallsyms = new Kallsyms();
    const base = fromHalves(0xc000_0000, 0x1000);
    kallsyms.add({ name: "b", address: base.add(0x40), size: 0x10, type: "T" });
    kallsyms.add({ name: "a", address: base, size: 0x20, type: "T" });
    expect(kallsyms.lookup(base.add(0x1c))).toMatchObject({ name: "a", offset: 0x1c, size: 0x20 });
    expect(kallsyms.lookup(base.add(0x20))).toBeUndefined();
    expect(kallsyms.lookup(base.add(0x40))).toMatchObject({ name: "b", offset: 0 });
    expect(kallsyms.lookup(base.sub(1))).toBeUndefined();
    expect(kallsyms.address("b")?.eq(base.add(0x40))).toBe(true);
    expect(kallsyms.remove(base.add(0x44))).toBe(false);
    expect(kallsyms.remove(base.add(0x40))).toBe(true);
    expect(kallsyms.lookup(base.add(0x40))).toBeUndefined();
    expect(kallsyms.address("b")).toBeUndefined();
  });
});
