// Real memory by real address. No translation, no protection: what the processor and devices reach by a real address.
import type { U64 } from "../word/long.ts";
import { fromHalves } from "../word/long.ts";
import type { Bytes } from "./isa/machine.ts";
import { RAM_OFFSET, type CpuState, type Endian } from "./state.ts";

/** The machine's real memory. Addresses are bytes from 0; one outside throws RangeError. */
export class Ram {
  /** In bytes. */
  readonly size: number;
  readonly #view: DataView;

  constructor(state: CpuState) {
    this.size = state.ramBytes;
    this.#view = new DataView(state.memory.buffer, RAM_OFFSET, state.ramBytes);
  }

  /** A live view of `length` bytes at `address`. */
  bytes(address: number, length: number): Uint8Array {
    if (!Number.isInteger(address) || address < 0 || length < 0 || address + length > this.size)
      throw new RangeError(
        `real address 0x${address.toString(16)} and ${length} bytes: memory ends at 0x${this.size.toString(16)}`,
      );
    return new Uint8Array(this.#view.buffer, RAM_OFFSET + address, length);
  }

  /** `bytes` bytes as an unsigned value. */
  load(bytes: Bytes, address: number, endian: Endian): U64 {
    const little = endian === "le";
    if (bytes === 1) return fromHalves(0, this.#view.getUint8(address));
    if (bytes === 2) return fromHalves(0, this.#view.getUint16(address, little));
    if (bytes === 4) return fromHalves(0, this.#view.getInt32(address, little));
    const first = this.#view.getInt32(address, little);
    const second = this.#view.getInt32(address + 4, little);
    return little ? fromHalves(second, first) : fromHalves(first, second);
  }

  /** The low `bytes` bytes of `value`. */
  store(bytes: Bytes, address: number, value: U64, endian: Endian): void {
    const little = endian === "le";
    if (bytes === 1) this.#view.setInt8(address, value.low);
    else if (bytes === 2) this.#view.setInt16(address, value.low, little);
    else if (bytes === 4) this.#view.setInt32(address, value.low, little);
    else {
      this.#view.setInt32(address, little ? value.low : value.high, little);
      this.#view.setInt32(address + 4, little ? value.high : value.low, little);
    }
  }
}
