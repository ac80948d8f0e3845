// Structures by byte offset: in guest memory (GuestStruct) and in bytes a caller hands in or gets (HostStruct).
import Long from "long";
import { u64, type U64 } from "../../word/long.ts";
import type { Endian } from "../insn.ts";
import { MemoryFault, type AccessBytes, type KernelMemory } from "../memory.ts";

/** A structure leads to memory that is not there: the program has written over it. */
export class StructFault extends Error {
  override readonly name = "StructFault";
}

/** Bytes that no structure or packet of a test run has. */
const TOO_MANY = 0x10_0000;

/** One allocation of guest memory. Every access throws StructFault where there is no memory. */
export class GuestStruct {
  readonly address: U64;
  readonly #memory: KernelMemory;

  constructor(memory: KernelMemory, address: U64) {
    this.#memory = memory;
    this.address = address;
  }

  get(offset: number, bytes: AccessBytes): U64 {
    return orThrow(this.#memory.load(this.address.add(offset), bytes));
  }

  set(offset: number, bytes: AccessBytes, value: U64 | number): void {
    const stored = typeof value === "number" ? u64(value) : value;
    orThrow(this.#memory.store(this.address.add(offset), bytes, stored));
  }

  read(offset: number, length: number): Uint8Array {
    if (!(length >= 0 && length < TOO_MANY)) throw new StructFault(`${length} bytes of the test run`);
    return orThrow(this.#memory.read(this.address.add(offset), length));
  }

  write(offset: number, data: Uint8Array): void {
    orThrow(this.#memory.write(this.address.add(offset), data));
  }
}

/** Allocations that are given back together. */
export class GuestStructs {
  readonly #memory: KernelMemory;
  readonly #all: GuestStruct[] = [];

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  /** Zeroed, at a multiple of 64 bytes. What the memory throws without room is passed on, and nothing is held then. */
  allocate(bytes: number): GuestStruct {
    try {
      const struct = new GuestStruct(this.#memory, this.#memory.allocate(bytes, 64));
      this.#all.push(struct);
      return struct;
    } catch (error) {
      this.free();
      throw error;
    }
  }

  free(): void {
    for (const { address } of this.#all.splice(0)) this.#memory.free(address);
  }
}

/** A structure of user space in guest byte order. */
export class HostStruct {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(bytes: Uint8Array, endian: Endian) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = endian === "le";
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, this.#little);
  }

  setU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, this.#little);
  }

  u64(offset: number): U64 {
    const [first, second] = [this.u32(offset), this.u32(offset + 4)];
    return this.#little ? Long.fromBits(first, second, true) : Long.fromBits(second, first, true);
  }

  setU64(offset: number, value: U64): void {
    this.setU32(offset, this.#little ? value.low : value.high);
    this.setU32(offset + 4, this.#little ? value.high : value.low);
  }

  /** Whether the bytes from `start` up to `end` are all 0. */
  isZero(start: number, end: number): boolean {
    return this.bytes.subarray(start, end).every((byte) => byte === 0);
  }
}

function orThrow<T>(value: T | MemoryFault): T {
  if (value instanceof MemoryFault)
    throw new StructFault(
      `${value.access} of ${value.bytes} bytes at 0x${value.address.toString(16)} of the test run`,
    );
  return value;
}
