// W^X: no translation that the processor can find, in a tree or in the hash table, is both writable and executable for the kernel.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { HPTE } from "../cpu/mmu/hash.ts";
import { RADIX } from "../cpu/mmu/radix.ts";
import { hex64, type U64 } from "../word/long.ts";
import { ImageAllocError } from "./image-alloc/strategy.ts";
import { imageAllocStrategies } from "./image-alloc/table.ts";
import { Kernel } from "./kernel.ts";
import { parseRamMap } from "./ram-map.ts";

const example = (name: string): Uint8Array => readFileSync(new URL(`../examples/${name}`, import.meta.url));

interface Found {
  readonly pages: number;
  readonly executable: number;
  readonly both: readonly string[];
}

/** Leaves of the kernel's tree. [Power ISA v3.1B III 6.7.10] */
function radixPages(kernel: Kernel): Found {
  const { ram } = kernel.cpu;
  const found = { pages: 0, executable: 0, both: [] as string[] };
  const walk = (entry: U64): void => {
    const base = (entry.high & 0x0fff_ffff) * 2 ** 32 + ((entry.low & ~0xff) >>> 0);
    for (let i = 0; i < 2 ** (entry.low & 0x1f); i++) {
      const next = ram.load(8, base + 8 * i, "be");
      if (next.high >= 0) continue;
      if ((next.high & 0x4000_0000) === 0) walk(next);
      else {
        found.pages++;
        const [writes, executes] = [RADIX.WRITE, RADIX.EXEC].map((bit) => (next.low & bit) !== 0);
        if (executes === true) found.executable++;
        if (writes === true && executes === true) found.both.push(hex64(next));
      }
    }
  };
  walk(ram.load(8, kernel.tables.start, "be"));
  return found;
}

/** Valid entries of the hash table; kernel pages have key 0: PP 00, 01 and 10 can be written. [Power ISA v3.1B III 6.7.9, 6.7.13] */
function hashPages(kernel: Kernel): Found {
  const { ram } = kernel.cpu;
  const found = { pages: 0, executable: 0, both: [] as string[] };
  for (let at = kernel.tables.start; at < kernel.tables.end; at += 16) {
    if ((ram.load(8, at, "be").low & HPTE.V) === 0) continue;
    const second = ram.load(8, at + 8, "be");
    found.pages++;
    const executes = (second.low & HPTE.N) === 0;
    const writes = second.high >= 0 && (second.low & HPTE.PP) !== 3;
    if (executes) found.executable++;
    if (executes && writes) found.both.push(hex64(second));
  }
  return found;
}

describe.each(["hash64k-4.15", "hash4k-6.12", "radix64k-6.12", "radix4k-4.15"])("W^X on %s", (layout) => {
  it.each(imageAllocStrategies.map(({ name }) => name))("with images of %s", (name) => {
    const ramMap = parseRamMap("0-128M,512M-544M");
    const strategy = imageAllocStrategies.find((each) => each.name === name);
    const argument =
      strategy?.needsArgument === true
        ? strategy.defaultArgument?.(new Kernel({ layout, ramMap }))
        : undefined;
    const imageAlloc = argument === undefined ? name : `${name}:${argument}`;
    let kernel: Kernel;
    try {
      kernel = new Kernel({ layout, ramMap, imageAlloc });
    } catch (error) {
      expect(error).toBeInstanceOf(ImageAllocError);
      return;
    }
    const seen = (): Found => (kernel.layout.mmu === "radix" ? radixPages(kernel) : hashPages(kernel));
    const boot = seen();
    expect(boot.both).toEqual([]);
    expect(boot.executable).toBeGreaterThan(0);
    const program = kernel.bpf.load(example("calls.el.o")).program();
    expect(program.testRun({}).kind).toBe("done");
    const module = kernel.modules.load(example("modules/hello.le.o"), { name: "hello" });
    module.init();
    const { executable, both } = seen();
    expect(both).toEqual([]);
    expect(executable).toBeGreaterThan(boot.executable);
    module.unload();
    program.free();
    expect(seen().both).toEqual([]);
  });
});
