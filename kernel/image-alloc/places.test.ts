// Where each strategy puts images, and how many signed bits a call needs there.
import { describe, expect, it } from "vitest";
import { fromHalves, hex64, type U64 } from "../../word/long.ts";
import { Kernel, type KernelOptions } from "../kernel.ts";

const MIB = 2 ** 20;
const LINEAR = fromHalves(0xc000_0000, 0);
/** __bpf_call_base is at 0x33_2f20. */
const CALL_BASE = 0x33_2f20;
const GAP: KernelOptions = {
  ramMap: [
    { start: 0, end: 96 * MIB, node: 0 },
    { start: 128 * MIB, end: 160 * MIB, node: 0 },
  ],
};

function boot(layout: string, imageAlloc: string): Kernel {
  return new Kernel({ layout, imageAlloc, ...(imageAlloc === "linear-gap" ? GAP : { ramBytes: 128 * MIB }) });
}

/** Headers of images until there is no room, or `most`. */
function images(kernel: Kernel, most: number): readonly U64[] {
  const headers: U64[] = [];
  while (headers.length < most) {
    const binary = kernel.bpfJitBinaryAlloc(64);
    if (binary === undefined) break;
    headers.push(binary.header);
  }
  return headers;
}

describe.each(["hash4k-4.15", "radix64k-6.12"])("on %s", (layout) => {
  it.each([
    ["linear-hole", 32 * MIB, 48 * MIB],
    ["linear-end", 128 * MIB, 1152 * MIB],
    ["linear-gap", 96 * MIB, 128 * MIB],
    ["linear", 32 * MIB, 128 * MIB],
  ] as const)("%s: between %i and %i bytes from the start of 0xc, the lowest first", (name, start, end) => {
    const headers = images(boot(layout, name), 40);
    expect(headers).toHaveLength(40);
    for (const header of headers) {
      expect(header.gte(LINEAR.add(start)) && header.lt(LINEAR.add(end))).toBe(true);
    }
    if (name !== "linear") expect(hex64(headers[0] ?? LINEAR)).toBe(hex64(LINEAR.add(start)));
  });
  it("near-text: one bl reaches __bpf_call_base and the helpers behind it from every image, and none fits in beyond", () => {
    const kernel = boot(layout, "near-text");
    const headers = images(kernel, 1e4);
    const last = headers.at(-1) ?? LINEAR;
    const distance = last.sub(LINEAR).toNumber() - CALL_BASE;
    // A bl goes back by at most 2^25 bytes.
    expect(distance).toBeLessThanOrEqual(2 ** 25 - 64);
    expect(distance + 4 * kernel.pages.pageBytes).toBeGreaterThan(2 ** 25);
  });
});

it("an end in a segment without RAM is as near as its address says: 41 bits for 1 TiB", () => {
  const [first = LINEAR] = images(boot("hash64k-4.15", "linear-end:0xc000010000000000"), 1);
  const distance = first.sub(LINEAR).toNumber() - CALL_BASE;
  expect(Math.ceil(Math.log2(distance + 1)) + 1).toBe(41);
});
