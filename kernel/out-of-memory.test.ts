// RAM runs out at any page while a program with maps is loaded and run: ENOMEM, and every account is as before.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Kernel } from "./kernel.ts";
import type { PageOwner } from "./page-alloc.ts";

const object = readFileSync(new URL("../examples/counters.el.o", import.meta.url));
const OWNERS: readonly PageOwner[] = ["kernel", "slab", "vmalloc", "user", "bpf image", "module"];

/** All accounts but that of page tables, which stay once they are made. */
function accounts(kernel: Kernel): unknown {
  return {
    pages: OWNERS.map((owner) => [owner, kernel.pages.held(owner)]),
    kmalloc: kernel.kmalloc.usage,
    areas: kernel.vmalloc.areas.length,
    images: kernel.imageAlloc.usage,
  };
}

/** What `work` ended in: "done", or the errno of what it threw, which may have left no trace. */
function attempt(kernel: Kernel, work: () => void): unknown {
  const before = accounts(kernel);
  try {
    work();
    return "done";
  } catch (error) {
    const { errno } = error as { readonly errno?: unknown };
    if (errno === undefined) throw error;
    expect(accounts(kernel)).toEqual(before);
    return errno;
  }
}

describe.each(["hash64k-4.15", "hash4k-6.12", "radix64k-6.12", "radix4k-4.15"])(
  "without RAM on %s",
  (layout) => {
    it("loading and running say ENOMEM at whichever page it is, and keep nothing", () => {
      const kernel = new Kernel({ layout, ramBytes: 0x400_0000 });
      // What is set up once and stays: BPF itself, and the page tables of the first image.
      kernel.bpf.load(object).program("counters").free();
      const before = accounts(kernel);
      const ends: unknown[] = [];
      for (let left = 0; left < 400 && ends.at(-1) !== "done done"; left++) {
        const taken: number[] = [];
        while (kernel.pages.free > left) taken.push(kernel.pages.tryAllocate("user") ?? 0);
        const full = accounts(kernel);
        const loading = attempt(kernel, () => {
          const program = kernel.bpf.load(object).program("counters");
          // Elements that it puts into maps stay until the maps go.
          const running = attempt(kernel, () => {
            expect(program.testRun({}).kind).toBe("done");
          });
          program.free();
          ends.push(`done ${String(running)}`);
        });
        if (loading !== "done") ends.push(loading);
        expect(accounts(kernel), `${left} pages left`).toEqual(full);
        for (const real of taken) kernel.pages.release(real);
      }
      expect(ends.length).toBeGreaterThan(2);
      expect(new Set(ends)).toEqual(
        new Set(["ENOMEM", "done ENOMEM", "done done"].filter((end) => ends.includes(end))),
      );
      expect(ends.at(-1)).toBe("done done");
      expect(accounts(kernel)).toEqual(before);
    });
  },
);
