// Every strategy under load: random allocations and frees against a model of arrays. Nothing overlaps, nothing is lost, images cannot be
// written where they are, guard pages fault, accounts are exact to the byte. 100,000 steps with FARCALL_NIGHTLY=1.
import { describe, expect, it } from "vitest";
import { u64, type U64 } from "../../word/long.ts";
import { MemoryFault } from "../../bpf/memory.ts";
import type { JitBinary } from "../bpf-jit-alloc.ts";
import { Kernel, type KernelOptions } from "../kernel.ts";
import { regionNamed } from "../layout/layout.ts";
import { runRandomAllocations, type AllocatorUnderTest } from "../test/random-allocations.ts";

const STEPS = process.env["FARCALL_NIGHTLY"] === "1" ? 100_000 : 2_000;
const MIB = 2 ** 20;

interface Setting {
  readonly imageAlloc: string;
  readonly options?: KernelOptions;
  /** Whether an unmapped page follows each image; and whether usage is just the images' pages. */
  readonly guard: boolean;
  readonly exact: boolean;
}

const GAP: KernelOptions = {
  ramMap: [
    { start: 0, end: 96 * MIB, node: 0 },
    { start: 128 * MIB, end: 160 * MIB, node: 0 },
  ],
};
const pages = { guard: true, exact: true };
const blocks = { guard: false, exact: false };

/** What there is on both MMUs, where hash has only 16 MiB pieces, and where radix has pages. */
const everywhere: readonly Setting[] = [
  { imageAlloc: "module_alloc", ...pages },
  { imageAlloc: "prog-pack", ...blocks },
  {
    imageAlloc: "prog-pack",
    options: {
      ramMap: [
        { start: 0, end: 128 * MIB, node: 0 },
        { start: 128 * MIB, end: 256 * MIB, node: 1 },
      ],
    },
    ...blocks,
  },
  { imageAlloc: "linear-end:0xc000010000000000", ...pages },
];
const onHash: readonly Setting[] = [
  ...["linear", "linear-hole", "linear-end", "near-text"].map((imageAlloc) => ({ imageAlloc, ...blocks })),
  { imageAlloc: "linear-gap", options: GAP, ...blocks },
  { imageAlloc: "vmalloc_range:0xd000010000000000-0xd000010000400000", ...pages },
];
const onRadix: readonly Setting[] = [
  { imageAlloc: "linear", guard: false, exact: true },
  { imageAlloc: "linear-hole", guard: true, exact: false },
  { imageAlloc: "linear-end", ...pages },
  { imageAlloc: "near-text", guard: true, exact: false },
  { imageAlloc: "linear-gap", options: GAP, ...pages },
  { imageAlloc: "vmalloc_range:0xc008010000000000-0xc008010000400000", ...pages },
];

/** The strategy as something that allocates. Images are locked as soon as they are there. */
class Images implements AllocatorUnderTest {
  readonly guardBytes: number;
  readonly granuleBytes: number;
  readonly #kernel: Kernel;
  readonly #setting: Setting;
  readonly #start: U64;
  readonly #binaries = new Map<number, JitBinary>();

  constructor(kernel: Kernel, setting: Setting) {
    this.#kernel = kernel;
    this.#setting = setting;
    this.granuleBytes = kernel.imageAlloc.granuleBytes;
    this.guardBytes = setting.guard ? kernel.pages.pageBytes : 0;
    const isVmalloc = /^(?:module_alloc|vmalloc_range|prog-pack)/.test(setting.imageAlloc);
    this.#start = regionNamed(kernel.layout, isVmalloc ? "vmalloc" : "linear map").start;
  }

  /** Header, code and spare: 4 or 8 and 128 bytes in pages, 8 and 16 in chunks. */
  rounded(bytes: number): number {
    const { layout, pages } = this.#kernel;
    const more = this.granuleBytes < pages.pageBytes ? 24 : layout.version.binaryHeader.bytes + 128;
    return Math.ceil((bytes + more) / this.granuleBytes) * this.granuleBytes;
  }

  allocate(bytes: number): number | undefined {
    const binary = this.#kernel.bpfJitBinaryAlloc(bytes);
    if (binary === undefined) return undefined;
    if (!this.#kernel.imageAlloc.lock(binary.header, binary.bytes)) throw new Error("it cannot be locked");
    const start = binary.header.sub(this.#start).toNumber();
    this.#binaries.set(start, binary);
    return start;
  }

  free(start: number): void {
    const binary = this.#binaries.get(start);
    if (binary === undefined) throw new Error(`${start} is not held`);
    this.#binaries.delete(start);
    this.#kernel.bpfJitBinaryFree(binary);
  }

  held(): number {
    const { current } = this.#kernel.jitLimit;
    if (this.#setting.exact) {
      const { ramBytes, vaBytes } = this.#kernel.imageAlloc.usage;
      if (ramBytes !== current)
        throw new Error(`usage says ${ramBytes} bytes of RAM, ${current} are charged`);
      const guards = this.#binaries.size * this.guardBytes;
      if (vaBytes !== current + guards) throw new Error(`usage says ${vaBytes} bytes of addresses`);
    }
    return current;
  }

  /** At both ends, through the text poke area. */
  stamp(start: number, bytes: number, mark: number): void {
    for (const at of [start, start + bytes - 1]) {
      const fault = this.#kernel.imageAlloc.write(this.#ea(at), Uint8Array.of(mark));
      if (fault !== undefined) throw new Error(`${at} cannot be written`);
    }
  }

  intact(start: number, bytes: number, mark: number): boolean {
    return [start, start + bytes - 1].every((at) => {
      const data = this.#kernel.read(this.#ea(at), 1);
      return !(data instanceof MemoryFault) && data[0] === mark;
    });
  }

  inspect(start: number, bytes: number): void {
    const kernel = this.#kernel;
    for (const at of [this.#ea(start), this.#ea(start + bytes - 4)]) {
      expect(kernel.store(at, 4, u64(0))).toBeInstanceOf(MemoryFault);
      expect(kernel.cpu.mmu.translate(at, "fetch").kind).toBe("page");
    }
    if (this.guardBytes > 0) expect(kernel.load(this.#ea(start + bytes), 4)).toBeInstanceOf(MemoryFault);
  }

  #ea(start: number): U64 {
    return this.#start.add(u64(start));
  }
}

/** Images of up to eight pages; some of packs are larger than a pack. */
function run(layout: string, setting: Setting): void {
  const kernel = new Kernel({
    layout,
    imageAlloc: setting.imageAlloc,
    ...(setting.options ?? { ramBytes: 128 * MIB }),
  });
  const page = kernel.pages.pageBytes;
  const isPack = kernel.imageAlloc.granuleBytes < page;
  const before = {
    free: kernel.pages.free,
    usage: kernel.imageAlloc.usage,
    held: kernel.pages.held("bpf image"),
  };
  const report = runRandomAllocations(new Images(kernel, setting), {
    seed: 7,
    steps: STEPS,
    mostHeld: 60,
    size: (random) => (isPack && random.below(200) === 0 ? 5 * MIB : 4 * (1 + random.below(2 * page))),
  });
  expect(report.allocations).toBeGreaterThan(STEPS / 4);
  expect(kernel.imageAlloc.usage).toEqual(before.usage);
  expect(kernel.pages.held("bpf image")).toBe(before.held);
  // Page tables stay.
  expect(before.free - kernel.pages.free).toBeLessThan(200);
}

const named = (settings: readonly Setting[]): readonly (readonly [string, Setting])[] =>
  settings.map((setting) => [setting.imageAlloc, setting] as const);

describe("on hash, 4K pages", { timeout: 600_000 }, () => {
  it.each(named([...everywhere, ...onHash]))("%s", (_, setting) => {
    run("hash4k-4.15", setting);
  });
});
describe("on radix, 4K pages", { timeout: 600_000 }, () => {
  it.each(named([...everywhere, ...onRadix]))("%s", (_, setting) => {
    run("radix4k-6.12", setting);
  });
});
