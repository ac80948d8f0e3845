// Damaged copies of the example modules are loaded, run and taken out: each ends in a result, an oops of the guest's or a
// refusal with an errno of Linux's, never in an error of ours, and nothing of it stays. FARCALL_NIGHTLY=1 tries many more.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Kernel } from "../index.ts";
import { ModuleError } from "../kernel/module/error.ts";
import { holdings } from "../kernel/module/test/holdings.ts";
import { modulePath } from "../scripts/module-examples.ts";

const runs = process.env["FARCALL_NIGHTLY"] === "1" ? 50_000 : 2000;
const KINDS = [
  { layout: "hash64k-4.15", cpu: "power9", endian: "le", abi: "elfv2", suffix: ".le" },
  { layout: "radix4k-6.12", cpu: "power10", endian: "be", abi: "elfv1", suffix: ".be" },
  { layout: "hash4k-6.12", cpu: "power10", endian: "le", abi: "elfv2", suffix: "-pcrel.le" },
] as const;
const NAMES = ["hello", "callbacks", "data", "switches", "recursion", "provider", "weak", "failing"];

/** A kernel that has not run a damaged module yet: it may have written anywhere. */
class Victim {
  readonly #options: (typeof KINDS)[number];
  #kernel: Kernel | undefined;
  readonly ends = new Set<string>();

  constructor(options: (typeof KINDS)[number]) {
    this.#options = options;
  }

  /** Loads, runs and takes out; what is held afterwards is what was held before. */
  attack(file: Uint8Array): void {
    const { layout, cpu, endian, abi } = this.#options;
    this.#kernel ??= new Kernel({ layout, cpu, endian, abi, ramBytes: 64 * 1024 ** 2, maxInsns: 100_000 });
    const kernel = this.#kernel;
    const before = { ...holdings(kernel), modules: [] };
    this.ends.add(this.#end(kernel, file));
    expect(holdings(kernel)).toEqual(before);
  }

  #end(kernel: Kernel, file: Uint8Array): string {
    try {
      const module = kernel.modules.load(file);
      this.#kernel = undefined;
      const outcome = module.init();
      module.discard();
      return outcome?.kind ?? "no init";
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
      expect(error.message).toMatch(/^[^\n]{1,400}$/);
      return error.errno;
    }
  }
}

it.each(KINDS)("a module cut off at any byte: $suffix on $layout", (kind) => {
  const file = readFileSync(modulePath(`failing${kind.suffix}.o`));
  const victim = new Victim(kind);
  for (let length = 0; length < file.length; length++) victim.attack(file.subarray(0, length));
  expect([...victim.ends]).toEqual(["ENOEXEC"]);
});

it.each(KINDS)(
  "damaged modules: $suffix on $layout",
  (kind) => {
    const files = NAMES.map((name) => readFileSync(modulePath(`${name}${kind.suffix}.o`)));
    const victim = new Victim(kind);
    const bytes = fc.array(
      fc.record({
        from: fc.constantFrom("start", "end"),
        at: fc.nat({ max: 2500 }),
        xor: fc.integer({ min: 1, max: 255 }),
      }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(fc.nat({ max: files.length - 1 }), bytes, (index, damages) => {
        const file = new Uint8Array(files[index] ?? []);
        for (const { from, at, xor } of damages) {
          const where = (from === "start" ? at : file.length - 1 - at) % file.length;
          file[where] = (file[where] ?? 0) ^ xor;
        }
        victim.attack(file);
      }),
      { numRuns: Math.ceil(runs / KINDS.length), seed: 3 },
    );
    for (const end of ["return", "oops", "ENOEXEC", "ENOENT"]) expect([...victim.ends]).toContain(end);
  },
  600_000,
);
