// Damaged copies of the bundled objects go the whole way, from the ELF file to the run: each ends in a result, an oops of the
// guest's or one of the named refusals, never in an error of ours. FARCALL_NIGHTLY=1 tries many more.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { BpfLoadError, JitError, Kernel, OutOfMemoryError, TestRunError, VerifierError } from "../index.ts";
import { capturedFrames, examplePath, examples } from "../scripts/examples.ts";

const REFUSALS = [BpfLoadError, VerifierError, JitError, TestRunError, OutOfMemoryError];
const objects = examples.map(({ name }) => readFileSync(examplePath(`${name}.el.o`)));
const frame = capturedFrames()[125] ?? new Uint8Array(64);
const runs = process.env["FARCALL_NIGHTLY"] === "1" ? 20_000 : 400;

/** Bytes to change, mostly among instructions, which stand at the beginning of the file. */
const damage = fc.record({
  object: fc.nat({ max: objects.length - 1 }),
  bytes: fc.array(
    fc.record({
      at: fc.oneof(
        { weight: 2, arbitrary: fc.integer({ min: 64, max: 2600 }) },
        { weight: 1, arbitrary: fc.nat({ max: 15_000 }) },
      ),
      xor: fc.integer({ min: 1, max: 255 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

it.each(["hash64k-4.15", "radix64k-6.12"])(
  "damaged objects on %s",
  (layout) => {
    const kernel = new Kernel({ layout, ramBytes: 64 * 1024 ** 2, maxInsns: 1_000_000 });
    const ends = new Set<string>();
    fc.assert(
      fc.property(damage, ({ object, bytes }) => {
        const file = new Uint8Array(objects[object] ?? []);
        for (const { at, xor } of bytes) if (at < file.length) file[at] = (file[at] ?? 0) ^ xor;
        try {
          const loaded = kernel.bpf.load(file);
          const program = loaded.program(loaded.object.programs[0]?.name);
          try {
            ends.add(program.testRun({ dataIn: frame }).kind);
          } finally {
            program.free();
          }
        } catch (error) {
          if (!REFUSALS.some((kind) => error instanceof kind)) throw error;
          ends.add((error as Error).name);
        }
      }),
      { numRuns: runs, seed: 1 },
    );
    for (const end of ["done", "BpfLoadError", "VerifierError"]) expect([...ends]).toContain(end);
  },
  600_000,
);
