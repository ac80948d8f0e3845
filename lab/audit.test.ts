// What breaks under each strategy, on both MMUs; and that an audit leaves nothing behind.
import { describe, expect, it } from "vitest";
import { Kernel, type KernelOptions } from "../kernel/kernel.ts";
import { audit, AuditError } from "./audit.ts";

const MIB = 2 ** 20;
const GAP: KernelOptions = {
  ramMap: [
    { start: 0, end: 96 * MIB, node: 0 },
    { start: 128 * MIB, end: 160 * MIB, node: 0 },
  ],
};

function boot(layout: string, imageAlloc: string): Kernel {
  const ram = imageAlloc === "linear-gap" ? GAP : { ramBytes: 128 * MIB };
  return new Kernel({ layout, imageAlloc, ...ram });
}

const ALIAS = "an image can be written at none of its addresses";
const GUARD = "a guard page follows an image";
const SET_MEMORY = "set_memory_rox works on an image's pages";
const BOLTED = "hash faults of 0xc are errors: it is bolted";
const PA = "__pa of an image";
const HOTPLUG = "memory hotplug: the linear address of a new section is free";
const DUMP_ADDRESS = "crash dump: an address of 0xc is found by __pa";
const DUMP_PAGE = "crash dump: a page is read at __va of its number";
const elsewhere = [PA, "virt_to_page of an image", DUMP_ADDRESS, ALIAS];
const moved = ["__va of a page that was moved", "DMA of a packet", DUMP_PAGE, HOTPLUG];

/** What breaks on hash, and on radix. */
const broken: readonly (readonly [strategy: string, hash: readonly string[], radix: readonly string[]])[] = [
  ["module_alloc", [ALIAS], [ALIAS]],
  ["prog-pack", [ALIAS, GUARD], [ALIAS, GUARD]],
  // RAM at its linear address: nothing but what protects it.
  ["linear", [SET_MEMORY, GUARD], [GUARD]],
  ["near-text", [SET_MEMORY, GUARD], []],
  // Images at addresses of the linear region that are not their RAM's.
  ["linear-end", [...elsewhere, HOTPLUG, BOLTED, SET_MEMORY, GUARD], [...elsewhere, HOTPLUG]],
  ["linear-gap", [...elsewhere, HOTPLUG, BOLTED, SET_MEMORY, GUARD], [...elsewhere, HOTPLUG]],
  ["linear-end:0xc000010000000000", [...elsewhere, BOLTED, SET_MEMORY], elsewhere],
  // And RAM that is not at its linear address.
  [
    "linear-hole",
    [...elsewhere, ...moved, BOLTED, SET_MEMORY, GUARD],
    [...elsewhere, ...moved, "__va of an image's page"],
  ],
];

describe.each([
  ["hash64k-4.15", 1],
  ["hash4k-6.12", 1],
  ["radix64k-6.12", 2],
  ["radix4k-4.15", 2],
] as const)("on %s", (layout, column) => {
  it.each(broken)("%s", (...row) => {
    const kernel = boot(layout, row[0]);
    const before = { usage: kernel.imageAlloc.usage, charged: kernel.jitLimit.current };
    const findings = audit(kernel);
    expect(
      findings
        .filter((finding) => finding.broken)
        .map(({ assumption }) => assumption)
        .sort(),
    ).toEqual([...row[column]].sort());
    expect({ usage: kernel.imageAlloc.usage, charged: kernel.jitLimit.current }).toEqual(before);
    for (const { strategy, access, why } of findings) {
      expect(strategy).toBe(row[0]);
      expect(access).toMatch(/0x[0-9a-f]{16}/);
      expect(why).not.toBe("");
    }
  });
});

it("the access shows addresses: where a packet in moved RAM is, and what the device is told", () => {
  const findings = audit(boot("radix64k-6.12", "linear-hole"));
  // RAM of 128M: the 16M behind the kernel at 32M are mapped at 128M.
  expect(findings.find(({ assumption }) => assumption === "DMA of a packet")?.access).toBe(
    "store 0xc000000008000000: real 0x2000000; the device is told 0x8000000",
  );
  expect(findings.find(({ assumption }) => assumption === "__va of a page that was moved")?.access).toMatch(
    /^store 0xc000000002000000: interrupt 0x300, DSISR 0x0a000000, expected real 0x2000000$/,
  );
});

it("no memory for an image is an error of its own", () => {
  const kernel = boot("hash64k-4.15", "vmalloc_range:0xd000010000000000-0xd000010000010000");
  expect(() => audit(kernel)).toThrow(AuditError);
});

it("an override that takes pages of the linear map has no image that can be executed: EINVAL, and nothing is kept", () => {
  const kernel = new Kernel({ overrides: { bpfJitImageAlloc: (k, size) => k.allocate(size) } });
  expect(() => audit(kernel)).toThrow(
    expect.objectContaining({ name: "AuditError", errno: "EINVAL" }) as AuditError,
  );
  expect(kernel.jitLimit.current).toBe(0);
});
