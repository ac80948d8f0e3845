// Memory as the guest addresses it: effective addresses through the software TLB and the MMU, pages crossed, endian respected.
// Alignment rules of single instructions are not here.
import type { U64 } from "../word/long.ts";
import { fromHalves, u64 } from "../word/long.ts";
import { storage, type Interrupt } from "./interrupt.ts";
import type { Bytes } from "./isa/machine.ts";
import type { Access, Mmu } from "./mmu/mmu.ts";
import { RAM_OFFSET, STATE, type CpuState } from "./state.ts";
import { GRANULE, TLB_BYTES, enterTlb, lookUpTlb } from "./tlb.ts";

/** Whether a value, a place or an outcome is an interrupt instead. */
export function isInterrupt(x: unknown): x is Interrupt {
  return typeof x === "object" && x !== null && "kind" in x && x.kind === "interrupt";
}

/** Loads, stores and fetches by effective address. In 32-bit mode an address is its low word. */
export class GuestMemory {
  readonly #state: CpuState;
  readonly #mmu: Mmu;
  readonly #view: DataView;
  readonly #tlbs: Readonly<Record<Access, DataView>>;

  constructor(state: CpuState, mmu: Mmu) {
    const { buffer } = state.memory;
    this.#state = state;
    this.#mmu = mmu;
    this.#view = state.view;
    this.#tlbs = {
      load: new DataView(buffer, STATE.TLBLOAD, TLB_BYTES),
      store: new DataView(buffer, STATE.TLBSTORE, TLB_BYTES),
      fetch: new DataView(buffer, STATE.TLBFETCH, TLB_BYTES),
    };
  }

  /** The address that the mode makes of a computed one. */
  effective(ea: U64): U64 {
    return this.#state.sixtyFour ? ea : fromHalves(0, ea.low);
  }

  /** Offset in the machine's memory of the byte at `ea`; enters the page into the TLB. */
  place(address: U64, access: Access): number | Interrupt {
    const ea = this.effective(address);
    const known = lookUpTlb(this.#tlbs[access], ea, 1);
    if (known !== undefined) return known;
    const page = this.#mmu.translate(ea, access);
    if (page.kind === "interrupt") return storage(page, ea, access);
    if (page.real >= this.#state.ramBytes) {
      const dar = access === "fetch" ? undefined : ea;
      return storage({ kind: "interrupt", vector: 0x200, dsisr: 0, srr1: 0, dar }, ea, access);
    }
    const place = RAM_OFFSET + page.real;
    if ({ load: page.readable, store: page.writable, fetch: page.executable }[access]) {
      this.#state.tlbUsed();
      enterTlb(this.#tlbs[access], ea, place);
    }
    return place;
  }

  /** Enters the page of an access into the TLB. @returns whether the access lies in one page that is there now. */
  refill(ea: U64, bytes: number, access: Access): boolean {
    if ((ea.low & (GRANULE - 1)) > GRANULE - bytes) return false;
    const place = this.place(ea, access);
    return typeof place === "number" && lookUpTlb(this.#tlbs[access], ea, bytes) !== undefined;
  }

  /** Offsets of `bytes` consecutive bytes from `ea`, or the interrupt of the first that cannot be reached. */
  places(ea: U64, bytes: number, access: Access): readonly number[] | Interrupt {
    const places: number[] = [];
    for (let i = 0; i < bytes; i++) {
      const place = this.place(i === 0 ? ea : ea.add(i), access);
      if (typeof place !== "number") return place;
      places.push(place);
    }
    return places;
  }

  /** Whether data is little-endian now. */
  get little(): boolean {
    return this.#state.msrBit("LE");
  }

  /** The instruction word at `ea`. */
  fetch(ea: U64): number | Interrupt {
    const place = this.place(ea, "fetch");
    return typeof place === "number" ? this.#view.getUint32(place, this.little) : place;
  }

  /** `bytes` bytes as an unsigned value; `reversed` in the other byte order. */
  load(bytes: Bytes, ea: U64, order: "guest" | "reversed" = "guest"): U64 | Interrupt {
    const little = this.little === (order === "guest");
    const view = this.#view;
    if ((ea.low & (GRANULE - 1)) <= GRANULE - bytes) {
      const place = this.place(ea, "load");
      if (typeof place !== "number") return place;
      if (bytes === 1) return u64(view.getUint8(place));
      if (bytes === 2) return u64(view.getUint16(place, little));
      if (bytes === 4) return u64(view.getUint32(place, little));
      const [low, high] = little ? [place, place + 4] : [place + 4, place];
      return fromHalves(view.getInt32(high, little), view.getInt32(low, little));
    }
    const places = this.places(ea, bytes, "load");
    if (isInterrupt(places)) return places;
    const values = places.map((place) => view.getUint8(place));
    if (little) values.reverse();
    return values.reduce((value, byte) => value.shl(8).or(byte), u64(0));
  }

  /** Stores the low `bytes` bytes of `value`; nothing at all where any of them cannot be reached. */
  store(bytes: Bytes, ea: U64, value: U64, order: "guest" | "reversed" = "guest"): Interrupt | undefined {
    const little = this.little === (order === "guest");
    const view = this.#view;
    if ((ea.low & (GRANULE - 1)) <= GRANULE - bytes) {
      const place = this.place(ea, "store");
      if (typeof place !== "number") return place;
      if (bytes === 1) view.setInt8(place, value.low);
      else if (bytes === 2) view.setInt16(place, value.low, little);
      else if (bytes === 4) view.setInt32(place, value.low, little);
      else {
        const [low, high] = little ? [place, place + 4] : [place + 4, place];
        view.setInt32(low, value.low, little);
        view.setInt32(high, value.high, little);
      }
      return undefined;
    }
    const places = this.places(ea, bytes, "store");
    if (isInterrupt(places)) return places;
    places.forEach((place, i) => {
      const shift = 8 * (little ? i : bytes - 1 - i);
      view.setUint8(place, value.shru(shift).low & 0xff);
    });
    return undefined;
  }
}
