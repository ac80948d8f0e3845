// String functions of kernel text against what C says of them [C17 7.24], strscpy against Linux's description.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex64, u64, ZERO, type U64 } from "../../word/long.ts";
import { textTests } from "./test/machine.ts";

/** Short strings of few letters, so that they are alike often; one letter is above 0x7f. */
const letters = fc.array(fc.constantFrom(0x61, 0x62, 0xe9), { maxLength: 12 });
const ended = (text: readonly number[]): Uint8Array => Uint8Array.from([...text, 0]);
const E2BIG = 7;
const A = 16;
const B = 128;

/** As strcmp does it: bytes are unsigned, and what ends first is less. */
function compared(a: readonly number[], b: readonly number[]): number {
  return Math.sign(Buffer.compare(ended(a), ended(b)));
}

for (const [name, test] of textTests) {
  const hex = (at: U64 | undefined): string => hex64(at ?? ZERO);
  describe(`${name}:`, () => {
    it("strlen and strnlen count up to the NUL, strnlen no farther than it may", () => {
      fc.assert(
        fc.property(letters, fc.nat(14), (text, most) => {
          const at = test.write(A, ended(text));
          expect(test.call("strlen", at).toNumber()).toBe(text.length);
          expect(test.call("strnlen", at, most).toNumber()).toBe(Math.min(text.length, most));
        }),
      );
    });

    it("strcmp and strncmp have the sign of the first characters that differ", () => {
      fc.assert(
        fc.property(letters, letters, fc.nat(14), (a, b, most) => {
          const [left, right] = [test.write(A, ended(a)), test.write(B, ended(b))];
          expect(Math.sign(test.int("strcmp", left, right))).toBe(compared(a, b));
          expect(Math.sign(test.int("strncmp", left, right, most))).toBe(
            compared(a.slice(0, most), b.slice(0, most)),
          );
        }),
        { numRuns: 300 },
      );
    });

    it("strcpy, strcat, strncat, strncpy and strscpy write what they say and nothing else", () => {
      const was = new Uint8Array(64).fill(0x7a);
      const filled = (bytes: readonly number[]): Uint8Array => {
        const after = was.slice();
        after.set(bytes);
        return after;
      };
      const given = (from: readonly number[], to: readonly number[]): [U64, U64] => {
        test.write(A, was);
        test.write(A, ended(to));
        return [test.buffer.add(A), test.write(B, ended(from))];
      };
      fc.assert(
        fc.property(letters, letters, fc.nat(14), (from, to, most) => {
          const old = [...ended(to)];
          const behind = (bytes: readonly number[]): Uint8Array =>
            filled([...bytes, ...old.slice(bytes.length)]);
          let [target, source] = given(from, to);
          expect(hex(test.call("strcpy", target, source))).toBe(hex(target));
          expect(test.read(A, 64)).toEqual(behind([...from, 0]));

          [target, source] = given(from, to);
          expect(hex(test.call("strcat", target, source))).toBe(hex(target));
          expect(test.read(A, 64)).toEqual(filled([...to, ...from, 0]));

          [target, source] = given(from, to);
          expect(hex(test.call("strncpy", target, source, most))).toBe(hex(target));
          const padded = [...from, ...Array<number>(14).fill(0)].slice(0, most);
          expect(test.read(A, 64)).toEqual(behind(padded));

          [target, source] = given(from, to);
          expect(hex(test.call("strncat", target, source, most))).toBe(hex(target));
          expect(test.read(A, 64)).toEqual(filled([...to, ...from.slice(0, most), 0]));

          [target, source] = given(from, to);
          const length = test.call("strscpy", target, source, most).toSigned().toNumber();
          expect(length).toBe(from.length < most ? from.length : -E2BIG);
          expect(test.read(A, 64)).toEqual(most === 0 ? behind([]) : behind([...from.slice(0, most - 1), 0]));
        }),
        { numRuns: 300 },
      );
    });

    it("strstr finds the first place where all of a string stands", () => {
      fc.assert(
        fc.property(letters, fc.array(fc.constantFrom(0x61, 0x62), { maxLength: 3 }), (text, what) => {
          const [at, wanted] = [test.write(A, ended(text)), test.write(B, ended(what))];
          const index = String.fromCharCode(...text).indexOf(String.fromCharCode(...what));
          expect(hex(test.call("strstr", at, wanted))).toBe(hex(index < 0 ? undefined : at.add(index)));
        }),
        { numRuns: 300 },
      );
    });

    it("strchr and strrchr find the first and the last, the NUL too", () => {
      fc.assert(
        fc.property(letters, fc.constantFrom(0x61, 0x62, 0xe9, 0x63, 0), (text, wanted) => {
          const at = test.write(A, ended(text));
          const bytes = [...ended(text)];
          const found = (index: number): string => hex(index < 0 ? undefined : at.add(index));
          expect(hex(test.call("strchr", at, u64(wanted)))).toBe(found(bytes.indexOf(wanted)));
          expect(hex(test.call("strrchr", at, u64(wanted)))).toBe(found(bytes.lastIndexOf(wanted)));
        }),
      );
    });
  });
}
