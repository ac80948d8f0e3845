// Instruction words to bytes and back, in either byte order. Nothing of their meaning.
import type { ByteOrder } from "./options.ts";

/** Four bytes a word. */
export function flatBytes(words: readonly number[], endian: ByteOrder): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  words.forEach((word, i) => view.setUint32(i * 4, word, endian === "le"));
  return new Uint8Array(view.buffer);
}

/** The whole words in `bytes`; what is left over at the end is not looked at. */
export function wordsOf(bytes: Uint8Array, endian: ByteOrder): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(i * 4, endian === "le"));
}
