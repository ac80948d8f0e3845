// Damaged programs that call a module's functions, and damaged modules that offer them: a result, an oops of the guest's or a named
// refusal, never an error of ours, and nothing stays held. FARCALL_NIGHTLY=1 tries many more.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { BpfLoadError, JitError, Kernel, OutOfMemoryError, TestRunError, VerifierError } from "../index.ts";
import { ModuleError } from "../kernel/module/error.ts";
import { examplePath } from "../scripts/examples.ts";
import { modulePath } from "../scripts/module-examples.ts";

const REFUSALS = [BpfLoadError, VerifierError, JitError, TestRunError, OutOfMemoryError, ModuleError];
const runs = process.env["FARCALL_NIGHTLY"] === "1" ? 20_000 : 300;

const damaged = (file: Buffer, most: number): fc.Arbitrary<Uint8Array> =>
  fc
    .array(fc.record({ at: fc.nat({ max: file.length - 1 }), xor: fc.integer({ min: 1, max: 255 }) }), {
      maxLength: most,
    })
    .map((bytes) => {
      const copy = new Uint8Array(file);
      for (const { at, xor } of bytes) copy[at] = (copy[at] ?? 0) ^ xor;
      return copy;
    });

it.each([
  ["le", "el", "le"],
  ["be, ELFv1", "eb", "be"],
])(
  "damaged programs and modules: %s",
  (_, program, module) => {
    const [bpf, ko] = [
      readFileSync(examplePath(`kfunc.${program}.o`)),
      readFileSync(modulePath(`ledger.${module}.o`)),
    ];
    const endian = module === "le" ? "le" : "be";
    const kernel = new Kernel({
      layout: "radix64k-6.12",
      endian,
      ramBytes: 64 * 1024 ** 2,
      maxInsns: 100_000,
    });
    const ends = new Set<string>();
    const load = (bytes: Uint8Array, file: Uint8Array): void => {
      const loaded = kernel.modules.load(file, { name: "ledger" });
      try {
        ends.add(`init ${loaded.init()?.kind ?? "none"}`);
        const object = kernel.bpf.load(bytes);
        const found = object.program(object.object.programs[0]?.name);
        try {
          ends.add(found.testRun({ dataIn: new Uint8Array(60) }).kind);
        } finally {
          found.free();
        }
      } finally {
        loaded.discard();
      }
    };
    fc.assert(
      fc.property(fc.boolean(), damaged(bpf, 4), damaged(ko, 4), (isProgram, bytes, file) => {
        try {
          load(isProgram ? bytes : bpf, isProgram ? ko : file);
        } catch (error) {
          if (!REFUSALS.some((kind) => error instanceof kind)) throw error;
          ends.add((error as Error).name);
        }
        expect(kernel.modules.list).toHaveLength(0);
      }),
      { numRuns: runs, seed: 1 },
    );
    for (const end of ["done", "init return", "BpfLoadError", "ModuleError"])
      expect([...ends]).toContain(end);
  },
  600_000,
);
