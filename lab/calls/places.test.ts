// Where callees lie is where the scenario says, on small and large pages, and nothing is held afterwards.
import { describe, expect, it } from "vitest";
import { Kernel } from "../../kernel/kernel.ts";
import { Random } from "../../kernel/random.ts";
import { hex64, type U64 } from "../../word/long.ts";
import { Places, type Addresses, type Sizes } from "./places.ts";
import type { Place } from "./scenario.ts";

const MIB = 2 ** 20;
const functions = Array.from({ length: 128 }, () => 12);
const sizes: Sizes = { driver: 5000, functions };

interface Allocated {
  readonly kernel: Kernel;
  readonly places: Places;
  readonly at: Addresses;
}

function allocated(place: Place, layout: string, seed = 1, of: Sizes = sizes): Allocated {
  const kernel = new Kernel({ layout, ramBytes: 64 * MIB });
  const places = new Places(kernel, new Random(seed));
  return { kernel, places, at: places.allocate(place, of) };
}
const distance = (from: U64, to: U64): number => to.sub(from).toSigned().toNumber();
/** Numbers of pages, each once. */
const pages = ({ kernel }: Allocated, addresses: readonly U64[]): ReadonlySet<string> =>
  new Set(addresses.map((address) => hex64(address.shru(kernel.layout.pageShift))));

describe.each(["hash64k-4.15", "radix4k-6.12"])("on %s", (layout) => {
  it("images are in pages of their own", () => {
    const made = allocated("images", layout);
    expect(pages(made, [made.at.driver, ...made.at.functions]).size).toBe(129);
  });
  it("one image has a function in each 32 bytes", () => {
    const { at } = allocated("one-image", layout);
    const [first = at.driver] = at.functions;
    expect(at.functions.map((address) => distance(first, address))).toEqual(functions.map((_, i) => 32 * i));
    expect(first.low & 31).toBe(0);
  });
  it("the next page begins with the first function, behind the driver's last", () => {
    const made = allocated("next-page", layout);
    const { pageBytes } = made.kernel.pages;
    const [first = made.at.driver] = made.at.functions;
    expect(first.low & (pageBytes - 1)).toBe(0);
    const end = made.at.driver.add(sizes.driver);
    expect(distance(end, first)).toBeGreaterThanOrEqual(0);
    expect(distance(made.at.driver, first)).toBeLessThan(Math.ceil(sizes.driver / pageBytes) * pageBytes + 1);
  });
  it("a pack is 2 MiB of chunks of 64 bytes, each one function's", () => {
    const { at } = allocated("same-2m", layout);
    const offsets = at.functions.map((address) => distance(at.driver, address));
    expect(new Set(offsets).size).toBe(128);
    for (const offset of offsets) {
      expect(offset % 64).toBe(0);
      expect(offset).toBeGreaterThanOrEqual(sizes.driver);
      expect(offset).toBeLessThan(2 * MIB);
    }
  });
  it("the same 32 MiB are in reach of bl from all of the driver, each function in a page of its own", () => {
    const made = allocated("same-32m", layout);
    expect(pages(made, [made.at.driver, ...made.at.functions]).size).toBe(129);
    for (const address of made.at.functions) {
      expect(distance(made.at.driver, address)).toBeGreaterThan(0);
      expect(distance(made.at.driver, address)).toBeLessThan(32 * MIB - sizes.driver);
    }
  });
  it.each([16, 128])("%i scattered images are spread over some 386 MB, most out of reach of bl", (count) => {
    const made = allocated("scattered", layout, 2, { ...sizes, functions: functions.slice(0, count) });
    const all = [made.at.driver, ...made.at.functions];
    expect(pages(made, all).size).toBe(count + 1);
    const [first = made.at.driver, last = made.at.driver] = [made.at.functions[0], made.at.functions.at(-1)];
    expect(distance(first, last)).toBeGreaterThan(280e6);
    expect(distance(first, last)).toBeLessThan(480e6);
    const near = made.at.functions.filter(
      (address) => Math.abs(distance(made.at.driver, address)) < 32 * MIB,
    );
    expect(near.length).toBeLessThan(count / 3);
  });
  it.each(["images", "one-image", "next-page", "same-2m", "same-32m", "scattered"] as const)(
    "%s: the same seed, the same places; freed, nothing is held",
    (place) => {
      const one = allocated(place, layout);
      const other = allocated(place, layout);
      expect(one.at.functions.map(hex64)).toEqual(other.at.functions.map(hex64));
      one.places.lock();
      expect(one.kernel.memory.store(one.at.driver, 8, one.at.driver)).toBeDefined();
      one.places.free();
      const fresh = new Kernel({ layout, ramBytes: 64 * MIB });
      expect(one.kernel.vmalloc.areas).toEqual(fresh.vmalloc.areas);
      expect(one.kernel.pages.held("bpf image")).toBe(0);
      expect(one.kernel.vmalloc.lazilyFreed).toEqual([]);
    },
  );
});
