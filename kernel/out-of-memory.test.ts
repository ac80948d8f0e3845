// RAM runs out at any page while programs with maps and modules are loaded and run: ENOMEM, and every account is as before.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Kernel } from "./kernel.ts";
import type { PageOwner } from "./page-alloc.ts";

const example = (name: string): Uint8Array => readFileSync(new URL(`../examples/${name}`, import.meta.url));
const [counters, hello] = [example("counters.el.o"), example("modules/hello.le.o")];
const OWNERS: readonly PageOwner[] = ["kernel", "slab", "vmalloc", "user", "bpf image", "module"];

/** All accounts but that of page tables, which stay once they are made. */
function accounts(kernel: Kernel): unknown {
  return {
    pages: OWNERS.map((owner) => [owner, kernel.pages.held(owner)]),
    kmalloc: kernel.kmalloc.usage,
    areas: kernel.vmalloc.areas.length,
    symbols: kernel.kallsyms.symbols.length,
  };
}

/** What `work` ended in: "done", or the errno of what it threw, which may have left no trace. */
function attempt(kernel: Kernel, work: () => void): string {
  const before = accounts(kernel);
  try {
    work();
    return "done";
  } catch (error) {
    const { errno } = error as { readonly errno?: unknown };
    if (typeof errno !== "string") throw error;
    expect(accounts(kernel)).toEqual(before);
    return errno;
  }
}

/** Loads, runs, and takes away again; how loading and running ended. */
type Workload = (kernel: Kernel) => string;

const workloads: Readonly<Record<string, Workload>> = {
  "a program with maps": (kernel) => {
    let running = "";
    const loading = attempt(kernel, () => {
      const program = kernel.bpf.load(counters).program("counters");
      // Elements that it puts into maps stay until the maps go.
      running = attempt(kernel, () => {
        expect(program.testRun({}).kind).toBe("done");
      });
      program.free();
    });
    return `${loading} ${running}`.trim();
  },
  "a module": (kernel) =>
    attempt(kernel, () => {
      const module = kernel.modules.load(hello, { name: "hello" });
      expect(module.init()?.kind).toBe("return");
      expect(module.unload()?.kind).toBe("return");
    }),
};

describe.each(["hash64k-4.15", "hash4k-6.12", "radix64k-6.12", "radix4k-4.15"])(
  "without RAM on %s",
  (layout) => {
    it.each(Object.keys(workloads))("%s: ENOMEM at whichever page it is, and nothing is kept", (name) => {
      const work = workloads[name];
      if (work === undefined) throw new Error(name);
      const kernel = new Kernel({ layout, ramBytes: 0x400_0000 });
      // What is set up once and stays, and the page tables of what follows.
      work(kernel);
      const before = accounts(kernel);
      const ends: string[] = [];
      const isDone = (): boolean =>
        ends
          .at(-1)
          ?.split(" ")
          .every((end) => end === "done") === true;
      for (let left = 0; left < 400 && !isDone(); left++) {
        const taken: number[] = [];
        while (kernel.pages.free > left) taken.push(kernel.pages.tryAllocate("user") ?? 0);
        const full = accounts(kernel);
        ends.push(work(kernel));
        expect(accounts(kernel), `${left} pages left`).toEqual(full);
        for (const real of taken) kernel.pages.release(real);
      }
      expect(ends.length).toBeGreaterThan(1);
      expect(ends.join(" ")).toMatch(/^(ENOMEM )+(done ENOMEM )*(done ?)+$/);
      expect(accounts(kernel)).toEqual(before);
    });
  },
);
