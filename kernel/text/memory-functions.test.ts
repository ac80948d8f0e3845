// memcpy, memmove, memset, memcmp and memchr of kernel text against what C says of them [C17 7.24].
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex64, u64, type U64 } from "../../word/long.ts";
import type { Oops } from "../oops.ts";
import { someBytes, textTests, type TextTest } from "./test/machine.ts";

const ROOM = 512;
const noise = someBytes(ROOM);

/** What the buffer is after bytes were moved in it. */
function moved(to: number, from: number, length: number): Uint8Array {
  const after = noise.slice();
  after.set(noise.slice(from, from + length), to);
  return after;
}

/** Differences between the buffer and `expected` as text, to be quick about thousands of comparisons. */
function difference(test: TextTest, expected: Uint8Array): string {
  const at = test.read(0, ROOM).findIndex((byte, i) => byte !== expected[i]);
  return at < 0 ? "" : `byte ${at} differs`;
}

function oopsOf(test: TextTest, symbol: string, args: readonly U64[]): Oops {
  const outcome = test.outcome(symbol, args);
  if (outcome.kind !== "oops") throw new Error(outcome.kind);
  return outcome.oops;
}

for (const [name, test] of textTests) {
  describe(`${name}:`, () => {
    it("memmove moves 0 to 130 bytes by every distance up to 80, up and down", () => {
      for (let by = -80; by <= 80; by++)
        for (let length = 0; length <= 130; length++) {
          const from = 100 + (length % 8);
          test.write(0, noise);
          const result = test.call("memmove", test.buffer.add(from + by), test.buffer.add(from), length);
          if (!result.eq(test.buffer.add(from + by))) throw new Error(`memmove gives ${hex64(result)}`);
          const wrong = difference(test, moved(from + by, from, length));
          if (wrong !== "") throw new Error(`${length} bytes by ${by}: ${wrong}`);
        }
    });

    it("memcpy copies 0 to 130 bytes from and to every alignment", () => {
      for (let length = 0; length <= 130; length++)
        for (let alignment = 0; alignment < 64; alignment++) {
          const [to, from] = [16 + (alignment & 7), 256 + (alignment >> 3)];
          test.write(0, noise);
          const result = test.call("memcpy", test.buffer.add(to), test.buffer.add(from), length);
          if (!result.eq(test.buffer.add(to))) throw new Error(`memcpy gives ${hex64(result)}`);
          const wrong = difference(test, moved(to, from, length));
          if (wrong !== "") throw new Error(`${length} bytes from ${from} to ${to}: ${wrong}`);
        }
    });

    it("memset sets 0 to 130 bytes to the low byte of its argument", () => {
      for (let length = 0; length <= 130; length++) {
        const at = 8 + (length % 9);
        test.write(0, noise);
        expect(test.call("memset", test.buffer.add(at), u64(0xffff_ff80 + length), length)).toEqual(
          test.buffer.add(at),
        );
        expect(difference(test, noise.slice().fill(0x80 + length, at, at + length))).toBe("");
      }
    });

    it("memcmp has the sign of the first bytes that differ", () => {
      const bytes = fc.uint8Array({ maxLength: 40 });
      const change = fc.record({ at: fc.nat(39), to: fc.nat(255) });
      fc.assert(
        fc.property(bytes, fc.array(change, { maxLength: 3 }), fc.nat(7), (a, changes, alignment) => {
          const b = a.slice();
          for (const { at, to } of changes) if (at < b.length) b[at] = to;
          const [left, right] = [test.write(0, a), test.write(256 + alignment, b)];
          const expected = Math.sign(Buffer.compare(a, b));
          expect(Math.sign(test.int("memcmp", left, right, a.length))).toBe(expected);
        }),
        { numRuns: 500 },
      );
    });

    it("memchr finds the first byte, or nothing", () => {
      fc.assert(
        fc.property(fc.array(fc.nat(4), { maxLength: 20 }), fc.nat(5), (list, byte) => {
          const at = test.write(3, Uint8Array.from(list));
          const index = list.indexOf(byte);
          const found = test.call("memchr", at, byte + 0x100, list.length);
          expect(hex64(found)).toBe(hex64(index < 0 ? u64(0) : at.add(index)));
        }),
      );
    });

    it("memcpy and memset into memory that is not mapped are an oops inside them", () => {
      const area = test.kernel.moduleAlloc(1) ?? u64(0);
      const end = area.add(test.kernel.pages.pageBytes);
      const prefix = test.kernel.abi === "elfv1" ? "." : "";
      const copied = oopsOf(test, "memcpy", [end.sub(32), test.buffer, u64(64)]);
      expect([copied.trap, copied.dsisr >>> 0, hex64(copied.dar)]).toEqual([0x300, 0x4200_0000, hex64(end)]);
      // mr srdi mtocrf beq mtctr, and ld ld addi of the loop.
      expect(copied.symbol).toMatchObject({ name: `${prefix}memcpy`, offset: 4 * 8 });
      expect(copied.symbol?.size).toBeGreaterThan(100);
      expect(copied.text).toContain(`] ${prefix}memcpy+0x20/0x`);
      expect(copied.lrSymbol?.name).toBe(`${prefix}bpf_test_run`);
      expect(test.kernel.load(end.sub(8), 8)).toEqual(test.kernel.load(test.buffer.add(24), 8));
      const read = oopsOf(test, "memcpy", [test.buffer, u64(0x1000), u64(1)]);
      expect([read.trap, hex64(read.dar), read.symbol?.name]).toEqual([
        0x300,
        hex64(u64(0x1000)),
        `${prefix}memcpy`,
      ]);
      expect(oopsOf(test, "memset", [end.sub(1), u64(0), u64(2)]).symbol?.name).toBe(`${prefix}memset`);
    });
  });
}
