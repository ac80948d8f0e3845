import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeInsns } from "../insn.ts";
import { BpfLoadError } from "../load-error.ts";
import { check, VerifierError } from "../verifier/check.ts";
import { BpfObject } from "./object.ts";

const example = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))));
const objects = ["counters.el.o", "counters.eb.o", "calls.el.o", "xdp_parse.eb.o"].map(example);
const [counters = new Uint8Array()] = objects;

/** Parses, links and checks everything; anything but an error of ours in one line is a failure. */
function survives(bytes: Uint8Array): boolean {
  try {
    const object = BpfObject.parse(bytes);
    for (const { name } of object.programs) {
      const linked = object.link(name, "xdp");
      encodeInsns(linked.insns, object.endian);
      check(linked);
    }
    return true;
  } catch (error) {
    if (!(error instanceof BpfLoadError) && !(error instanceof VerifierError)) throw error;
    if (error.message.includes("\n") || error.message === "") throw error;
    return false;
  }
}

describe("hostile objects", () => {
  it("an object as it is passes, so that the damage below is what counts", () => {
    expect(objects.map(survives)).toEqual(objects.map(() => true));
  });

  it("an object cut off at any byte gives a clear error", () => {
    let accepted = 0;
    for (let length = 0; length < counters.length; length++)
      if (survives(counters.slice(0, length))) accepted++;
    // The section headers are the last thing in the file.
    expect(accepted).toBe(0);
  });

  it("random damage gives a clear error or a program, quickly", () => {
    // Aimed: at the header, the instructions and maps that come first, and the tables that come last.
    const place = (size: number): fc.Arbitrary<number> =>
      fc.oneof(
        fc.nat(63),
        fc.nat(Math.min(0x600, size - 1)),
        fc.integer({ min: Math.max(0, size - 64 * 40), max: size - 1 }),
        fc.nat(size - 1),
      );
    const value = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
    const damaged = fc.constantFrom(...objects).chain((original) =>
      fc
        .array(fc.tuple(place(original.length), value, fc.constantFrom(1, 1, 4, 8)), {
          minLength: 1,
          maxLength: 6,
        })
        .map((changes) => {
          const bytes = original.slice();
          for (const [at, byte, count] of changes) bytes.fill(byte, at, at + count);
          return bytes;
        }),
    );
    fc.assert(
      fc.property(damaged, (bytes) => {
        survives(bytes);
      }),
      { seed: 20180211, numRuns: 3000 },
    );
  });

  it("random bytes give a clear error, with an ELF header and without", () => {
    const header = [...counters.slice(0, 64)];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, withHeader) => {
        expect(survives(withHeader ? new Uint8Array([...header, ...bytes]) : bytes)).toBe(false);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it("a .bss of terabytes is refused, not allocated", () => {
    // The size of every section in turn becomes 2^43, in bytes 32 to 39 of its header.
    const view = new DataView(counters.buffer, counters.byteOffset);
    const [headers, count] = [Number(view.getBigUint64(40, true)), view.getUint16(60, true)];
    const messages = Array.from({ length: count }, (_, i) => {
      const bytes = counters.slice();
      new DataView(bytes.buffer).setBigUint64(headers + i * 64 + 32, 1n << 43n, true);
      try {
        BpfObject.parse(bytes);
        return "";
      } catch (error) {
        return error instanceof BpfLoadError ? error.message : String(error);
      }
    });
    expect(messages.filter((m) => m === "").length).toBeLessThanOrEqual(1); // section 0, whose size means nothing here
    expect(messages).toContain("section .bss: 8796093022208 bytes of data are more than 67108864");
  });
});
