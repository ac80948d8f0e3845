// bpf_map_lookup_elem as guest code: through map->ops, in arrays without a trap, in hashes to the map's TypeScript.
import { describe, expect, it } from "vitest";
import { hex64, u64, ZERO, type U64 } from "../../word/long.ts";
import type { MapDefinition } from "../../bpf/elf/object.ts";
import { bpfArray } from "../../bpf/maps/array.ts";
import { bpfMap } from "../../bpf/maps/memory.ts";
import type { Oops } from "../oops.ts";
import { textTests, type TextTest } from "./test/machine.ts";

const definition = (type: "array" | "hash", maxEntries: number, valueSize: number): MapDefinition => ({
  name: type,
  type,
  typeNumber: type === "hash" ? 1 : 2,
  keySize: 4,
  valueSize,
  maxEntries,
  flags: 0,
});

/** Calls with the index as key. */
function lookup(test: TextTest, map: U64, index: number): U64 {
  test.kernel.store(test.buffer, 4, u64(index));
  return test.call("bpf_map_lookup_elem", map, test.buffer);
}

function oopsOf(test: TextTest, args: readonly U64[]): Oops {
  const outcome = test.outcome("bpf_map_lookup_elem", args);
  if (outcome.kind !== "oops") throw new Error(outcome.kind);
  return outcome.oops;
}

for (const [name, test] of textTests) {
  const { kernel } = test;
  const prefix = kernel.abi === "elfv1" ? "." : "";
  const map = (type: "array" | "hash", maxEntries = 5, valueSize = 12): U64 =>
    kernel.bpf.core.createMap(definition(type, maxEntries, valueSize)).address;

  describe(`${name}:`, () => {
    it("an array gives the value of an index, and NULL from max_entries on", () => {
      const array = map("array");
      for (let index = 0; index < 5; index++)
        expect(hex64(lookup(test, array, index))).toBe(hex64(array.add(bpfArray.value + 16 * index)));
      for (const index of [5, 7, 8, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff])
        expect(hex64(lookup(test, array, index))).toBe(hex64(ZERO));
    });

    it("a hash gives the value of a key that is there", () => {
      const core = kernel.bpf.core;
      const hash = core.createMap(definition("hash", 4, 8));
      const key = new Uint8Array(4);
      new DataView(key.buffer).setUint32(0, 77, kernel.endian === "le");
      hash.update(key, new Uint8Array(8), 0);
      expect(hex64(lookup(test, hash.address, 77))).toBe(hex64(hash.lookup(key) ?? ZERO));
      expect(hex64(lookup(test, hash.address, 78))).toBe(hex64(ZERO));
    });

    it("the operations are those of the map's type, with symbols", () => {
      const { kallsyms } = kernel;
      for (const [type, symbol] of [
        ["array", "array_map_ops"],
        ["hash", "htab_map_ops"],
      ] as const) {
        const ops = kernel.load(map(type).add(bpfMap.ops), 8);
        expect(ops).toEqual(kallsyms.address(symbol));
      }
      const types = kallsyms.symbols.filter(({ name: symbol }) => /array_map|bpf_map_lookup/.test(symbol));
      expect(types.map(({ name: symbol, type }) => `${type} ${symbol}`).sort()).toEqual(
        kernel.abi === "elfv1"
          ? [
              "D bpf_map_lookup_elem",
              "T .bpf_map_lookup_elem",
              "d array_map_lookup_elem",
              "r array_map_ops",
              "t .array_map_lookup_elem",
            ]
          : ["T bpf_map_lookup_elem", "r array_map_ops", "t array_map_lookup_elem"],
      );
    });

    it("a bad key faults in the map's lookup, a bad map in the helper, with the callers in the trace", () => {
      const bad = oopsOf(test, [map("array"), u64(0x10)]);
      expect([bad.trap, hex64(bad.dar), bad.symbol?.name]).toEqual([
        0x300,
        hex64(u64(0x10)),
        `${prefix}array_map_lookup_elem`,
      ]);
      expect(bad.lrSymbol?.name).toBe(`${prefix}bpf_map_lookup_elem`);
      expect(bad.callTrace.map(({ symbol }) => symbol?.name)).toContain(`${prefix}bpf_test_run`);
      expect(oopsOf(test, [u64(0x20), test.buffer]).symbol?.name).toBe(`${prefix}bpf_map_lookup_elem`);
      const inHash = oopsOf(test, [map("hash"), u64(0x30)]);
      expect([hex64(inHash.dar), inHash.symbol?.name]).toEqual([
        hex64(u64(0x30)),
        `${prefix}htab_map_lookup_elem`,
      ]);
    });

    it("callers with the kernel's TOC enter behind the two words that set r2, and nowhere else", () => {
      const { text } = kernel;
      const distance = (symbol: string): number => {
        const pointer = text.guestCode(symbol) ?? ZERO;
        return text.localEntry(pointer).sub(pointer).toNumber();
      };
      if (kernel.abi === "elfv1") {
        const code = kernel.kallsyms.address(".memcpy");
        expect(text.localEntry(text.guestCode("memcpy") ?? ZERO)).toEqual(code);
        return;
      }
      expect(distance("bpf_map_lookup_elem")).toBe(8);
      expect(distance("array_map_lookup_elem")).toBe(0);
      expect(distance("memcpy")).toBe(0);
    });
  });
}
