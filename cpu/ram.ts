// Real memory by real address. No translation, no protection: what the processor and devices reach by a real address.
import type { U64 } from "../word/long.ts";
import { fromHalves } from "../word/long.ts";
import type { Bytes } from "./isa/machine.ts";
import { RAM_OFFSET, type CpuState, type Endian } from "./state.ts";

/** Real addresses, in bytes, that no memory answers although some lies behind them; whole granules of the TLB. */
export interface RamHole {
  readonly start: number;
  readonly end: number;
}

/** The machine's real memory. Addresses are bytes from 0; one outside throws RangeError. */
export class Ram {
  /** Real address of its end, in bytes. */
  readonly size: number;
  /** Ascending. */
  readonly holes: readonly RamHole[];
  readonly #view: DataView;

  /** @throws RangeError where a hole does not consist of whole 64 KiB inside */
  constructor(state: CpuState, holes: readonly RamHole[] = []) {
    for (const { start, end } of holes) {
      if (start % 0x1_0000 === 0 && end % 0x1_0000 === 0 && 0 <= start && start < end && end < state.ramBytes)
        continue;
      throw new RangeError(`no hole in RAM: 0x${start.toString(16)} to 0x${end.toString(16)}`);
    }
    this.size = state.ramBytes;
    this.holes = holes;
    this.#view = new DataView(state.memory.buffer, RAM_OFFSET, state.ramBytes);
  }

  /** Whether all of these real addresses are memory. */
  has(address: number, bytes: number): boolean {
    if (address + bytes > this.size) return false;
    return (
      this.holes.length === 0 ||
      !this.holes.some((hole) => address < hole.end && address + bytes > hole.start)
    );
  }

  /** A live view of `length` bytes at `address`. */
  bytes(address: number, length: number): Uint8Array {
    if (!Number.isInteger(address) || address < 0 || length < 0 || !this.has(address, length))
      throw new RangeError(
        `real address 0x${address.toString(16)} and ${length} bytes: not memory, which ends at 0x${this.size.toString(16)}`,
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
