// Checksums of kernel text against the definition [RFC 1071]: the 16-bit ones' complement sum, in network order.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { u64, type U64 } from "../../word/long.ts";
import { someBytes, textTests } from "./test/machine.ts";

/** The ones' complement sum of big-endian 16-bit words; an odd byte is the upper half of the last one. */
function networkSum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts)
    for (let at = 0; at < part.length; at += 2) sum += (part[at] ?? 0) * 256 + (part[at + 1] ?? 0);
  return reduced(sum);
}

/** Modulo 2^16 - 1; 0 only where the sum is nothing at all. */
const reduced = (sum: number): number => (sum === 0 ? 0 : ((sum - 1) % 0xffff) + 1);

for (const [name, test] of textTests) {
  const isLittle = test.kernel.endian === "le";
  /** A 16-bit word in network order as the machine reads it. */
  const native = (word: number): number => (isLittle ? ((word & 0xff) << 8) | (word >> 8) : word);
  const folded = (sum: U64): number => {
    expect(sum.high).toBe(0);
    return reduced((sum.low & 0xffff) + (sum.low >>> 16));
  };
  const complement = (word: number): number => ~word & 0xffff;

  describe(`${name}:`, () => {
    it("csum_partial of any bytes at any address is their sum, added to the one that is given", () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 70 }),
          fc.nat(7),
          fc.nat(0xffff_ffff),
          (data, alignment, sum) => {
            const at = test.write(alignment, data);
            const start = reduced((sum & 0xffff) + (sum >>> 16));
            const expected = reduced(native(networkSum(data)) + start);
            for (const symbol of ["__csum_partial", "csum_partial"])
              expect(folded(test.call(symbol, at, data.length, u64(sum)))).toBe(expected);
          },
        ),
        { numRuns: 300 },
      );
    });

    it("csum_partial keeps every carry", () => {
      const ones = new Uint8Array(64).fill(0xff);
      const at = test.write(0, ones);
      for (let length = 0; length <= 64; length++) {
        const expected = reduced(native(networkSum(ones.subarray(0, length))) + 0xffff);
        expect(folded(test.call("csum_partial", at, length, u64(0xffff_ffff)))).toBe(expected);
      }
    });

    it("ip_fast_csum makes the sum over a header come out as all ones", () => {
      for (let words = 5; words <= 15; words++) {
        const header = someBytes(4 * words, words);
        header.set([0, 0], 10);
        const at = test.write(0, header);
        const check = test.int("ip_fast_csum", at, words);
        expect(check).toBe(complement(native(networkSum(header))));
        test.kernel.store(at.add(10), 2, u64(check));
        expect(networkSum(test.read(0, 4 * words))).toBe(0xffff);
      }
      // The example of RFC 1071's readers: 45 00 00 73 …, checksum b861.
      const known = "450000730000400040110000c0a80001c0a800c7".match(/../g) ?? [];
      const at = test.write(
        0,
        Uint8Array.from(known, (byte) => parseInt(byte, 16)),
      );
      expect(test.int("ip_fast_csum", at, 5)).toBe(native(0xb861));
    });

    it("csum_ipv6_magic sums the pseudo-header [RFC 8200 8.1]", () => {
      const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
      fc.assert(
        fc.property(
          address,
          address,
          fc.nat(0xffff_ffff),
          fc.nat(255),
          fc.nat(0xffff_ffff),
          (source, destination, length, protocol, sum) => {
            const [from, to] = [test.write(0, source), test.write(32, destination)];
            const header = new Uint8Array(8);
            const view = new DataView(header.buffer);
            view.setUint32(0, length);
            view.setUint32(4, protocol);
            const start = reduced((sum & 0xffff) + (sum >>> 16));
            const expected = complement(reduced(native(networkSum(source, destination, header)) + start));
            const result = test.int("csum_ipv6_magic", from, to, u64(length), u64(protocol), u64(sum));
            // All ones and zero are the same sum.
            expect(result % 0xffff).toBe(expected % 0xffff);
          },
        ),
        { numRuns: 300 },
      );
    });
  });
}
