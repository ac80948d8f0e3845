// Reads of as many bytes as a program asks for: an unchecked one may ask for gigabytes.
import type { U64 } from "../../word/long.ts";
import { MemoryFault, type KernelMemory } from "../memory.ts";

const SOME = 0x1_0000;

/** As KernelMemory.read, but looks at every 64 KiB first, so that nothing is set aside in vain. */
export function readBytes(memory: KernelMemory, address: U64, length: number): Uint8Array | MemoryFault {
  if (length > SOME)
    for (let at = 0; at < length; at += SOME) {
      const byte = memory.load(address.add(at), 1);
      if (byte instanceof MemoryFault) return byte;
    }
  return memory.read(address, length);
}
