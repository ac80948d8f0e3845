// Code of tests in a kernel's memory, written in assembly.
import { assemble } from "../../cpu/isa/assemble.ts";
import { u64, type U64 } from "../../word/long.ts";
import type { Kernel } from "../kernel.ts";

const DESCRIPTOR_BYTES = 24;

/** A locked image of GNU-spelled text; its C pointer, on ELFv1 a descriptor before the code. */
export function loadCode(kernel: Kernel, text: string): U64 {
  const { words } = assemble(text, { endian: kernel.endian });
  const before = kernel.abi === "elfv1" ? DESCRIPTOR_BYTES : 0;
  const binary = kernel.bpfJitBinaryAlloc(before + 4 * words.length);
  if (binary === undefined) throw new Error("no memory");
  const { image } = binary;
  if (before > 0) {
    kernel.store(image, 8, image.add(before));
    kernel.store(image.add(8), 8, kernel.text.toc);
  }
  words.forEach((word, i) => void kernel.store(image.add(before + 4 * i), 4, u64(word)));
  kernel.setMemoryRox(binary.header, binary.bytes);
  return image;
}
