// What the BPF core needs of a kernel's memory: loads, stores and allocation by 64-bit address.
// No implementation: kernel/ has the one with an MMU behind it, tests have a flat one.
import type { U64 } from "../word/long.ts";
import type { Endian } from "./insn.ts";

/** Number of bytes of one access. */
export type AccessBytes = 1 | 2 | 4 | 8;

/** An access that memory refused. A value that is handed on, never thrown. */
export class MemoryFault {
  readonly kind = "fault";
  /** Effective address of the first byte of the access. */
  readonly address: U64;
  readonly access: "load" | "store";
  /** Bytes wanted. */
  readonly bytes: number;

  constructor(address: U64, access: "load" | "store", bytes: number) {
    this.address = address;
    this.access = access;
    this.bytes = bytes;
  }
}

/** Guest memory as the kernel sees it; every address is an effective address. */
export interface KernelMemory {
  readonly endian: Endian;
  /** The zero-extended value at `address` in the guest's byte order; any alignment. */
  load(address: U64, bytes: AccessBytes): U64 | MemoryFault;
  /** Stores the low `bytes` bytes of `value`; a fault stores nothing. */
  store(address: U64, bytes: AccessBytes, value: U64): MemoryFault | undefined;
  /** A copy of `length` bytes. */
  read(address: U64, length: number): Uint8Array | MemoryFault;
  write(address: U64, data: Uint8Array): MemoryFault | undefined;
  /**
   * Zeroed memory, as kzalloc gives it.
   * @param bytes wanted, at least 1
   * @param alignment in bytes, a power of two, 8 unless told
   * @returns the address of the first byte
   * @throws Error of the implementation when memory is used up
   */
  allocate(bytes: number, alignment?: number): U64;
  /**
   * Zeroed memory that a map may be large in, where the kernel has a place of its own for such; `free` takes it too.
   * @param caller function of Linux that wants it
   */
  allocateArea?(bytes: number, caller: string): U64;
  /** Gives back what `allocate` returned. */
  free(address: U64): void;
}
