// A KernelMemory for tests: one run of bytes at one address, nothing else mapped, no permissions.
import Long from "long";
import { fromHalves, type U64 } from "../../word/long.ts";
import type { Endian } from "../insn.ts";
import { MemoryFault, type AccessBytes, type KernelMemory } from "../memory.ts";

/** `size` bytes from `base` on; `allocate` hands out rising addresses, `free` only counts. */
export class FlatMemory implements KernelMemory {
  readonly endian: Endian;
  readonly base: U64 = fromHalves(0xc000_0000 | 0, 0x0100_0000);
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #live = new Set<string>();
  #used = 0x100;

  constructor(endian: Endian = "le", size = 0x10_0000) {
    this.endian = endian;
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many allocations have not been freed. */
  get liveAllocations(): number {
    return this.#live.size;
  }

  load(address: U64, bytes: AccessBytes): U64 | MemoryFault {
    const at = this.#offset(address, bytes);
    if (at === undefined) return new MemoryFault(address, "load", bytes);
    const little = this.endian === "le";
    if (bytes === 1) return Long.fromBits(this.#view.getUint8(at), 0, true);
    if (bytes === 2) return Long.fromBits(this.#view.getUint16(at, little), 0, true);
    if (bytes === 4) return Long.fromBits(this.#view.getInt32(at, little), 0, true);
    const [first, second] = [this.#view.getInt32(at, little), this.#view.getInt32(at + 4, little)];
    return little ? Long.fromBits(first, second, true) : Long.fromBits(second, first, true);
  }

  store(address: U64, bytes: AccessBytes, value: U64): MemoryFault | undefined {
    const at = this.#offset(address, bytes);
    if (at === undefined) return new MemoryFault(address, "store", bytes);
    const little = this.endian === "le";
    if (bytes === 1) this.#view.setUint8(at, value.low);
    else if (bytes === 2) this.#view.setUint16(at, value.low, little);
    else if (bytes === 4) this.#view.setInt32(at, value.low, little);
    else {
      this.#view.setInt32(little ? at : at + 4, value.low, little);
      this.#view.setInt32(little ? at + 4 : at, value.high, little);
    }
    return undefined;
  }

  read(address: U64, length: number): Uint8Array | MemoryFault {
    const at = this.#offset(address, length);
    return at === undefined ? new MemoryFault(address, "load", length) : this.#bytes.slice(at, at + length);
  }

  write(address: U64, data: Uint8Array): MemoryFault | undefined {
    const at = this.#offset(address, data.length);
    if (at === undefined) return new MemoryFault(address, "store", data.length);
    this.#bytes.set(data, at);
    return undefined;
  }

  allocate(bytes: number, alignment = 8): U64 {
    const at = Math.ceil(this.#used / alignment) * alignment;
    if (at + bytes > this.#bytes.length) throw new Error(`out of memory: ${bytes} bytes`);
    this.#used = at + bytes;
    const address = this.base.add(at);
    this.#live.add(address.toString());
    return address;
  }

  free(address: U64): void {
    if (!this.#live.delete(address.toString())) throw new Error(`free of ${address.toString(16)}`);
  }

  #offset(address: U64, length: number): number | undefined {
    const offset = address.sub(this.base);
    const fits = offset.high === 0 && (offset.low >>> 0) + length <= this.#bytes.length;
    return fits ? offset.low >>> 0 : undefined;
  }
}
