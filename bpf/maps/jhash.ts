// Bob Jenkins' lookup3 hash, as Linux's jhash applies it to keys of maps.
import type { Endian } from "../insn.ts";

const rotate = (n: number, by: number): number => (n << by) | (n >>> (32 - by));

/**
 * @param seed any 32 bits
 * @returns 32 bits, unsigned
 * @linux include/linux/jhash.h jhash
 */
export function jhash(key: Uint8Array, seed: number, endian: Endian): number {
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  const word = (at: number): number => view.getInt32(at, endian === "le");
  let a = (0xdead_beef + key.length + seed) | 0;
  let [b, c] = [a, a];
  let at = 0;
  for (; key.length - at > 12; at += 12) {
    [a, b, c] = [(a + word(at)) | 0, (b + word(at + 4)) | 0, (c + word(at + 8)) | 0];
    [a, b, c] = mix(a, b, c);
  }
  if (at === key.length) return c >>> 0;
  const tail = (from: number): number => {
    // Keys of whole words go through jhash2, which reads words to the end.
    if (key.length % 4 === 0) return at + from < key.length ? word(at + from) : 0;
    const byte = (i: number): number => key[at + from + i] ?? 0;
    return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24);
  };
  return finish((a + tail(0)) | 0, (b + tail(4)) | 0, (c + tail(8)) | 0) >>> 0;
}

type Three = [number, number, number];

// One step a line, as lookup3 is drawn.
// prettier-ignore
function mix(a: number, b: number, c: number): Three {
  a = (a - c) ^ rotate(c,  4); c = (c + b) | 0;
  b = (b - a) ^ rotate(a,  6); a = (a + c) | 0;
  c = (c - b) ^ rotate(b,  8); b = (b + a) | 0;
  a = (a - c) ^ rotate(c, 16); c = (c + b) | 0;
  b = (b - a) ^ rotate(a, 19); a = (a + c) | 0;
  c = (c - b) ^ rotate(b,  4); b = (b + a) | 0;
  return [a, b, c];
}

function finish(a: number, b: number, c: number): number {
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  return ((c ^ b) - rotate(b, 24)) | 0;
}
