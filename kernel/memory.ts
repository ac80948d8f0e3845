// Guest memory as the kernel reaches it: the linear map by arithmetic, everything else through the MMU, faults as values.
// Text and the like stay protected against stores: what the MMU forbids, this forbids.
import { fromHalves, u64, type U64 } from "../word/long.ts";
import type { AccessBytes, KernelMemory } from "../bpf/memory.ts";
import { MemoryFault } from "../bpf/memory.ts";
import type { Cpu } from "../cpu/cpu.ts";
import type { Ram } from "../cpu/ram.ts";
import type { Endian } from "../cpu/state.ts";
import type { Kmalloc } from "./kmalloc.ts";
import { OutOfMemoryError } from "./error.ts";
import { IMAGE, KERNEL_BASE, linear } from "./layout/image.ts";
import { regionNamed, type Layout } from "./layout/layout.ts";
import type { MemoryManagement } from "./mm/mm.ts";
import type { Vmalloc } from "./vmalloc.ts";

/** A fault may be resolved once for the segment and once for the page. */
const ATTEMPTS = 3;

/** Part of an access: its real address, and its place in the data, in bytes. */
interface Piece {
  readonly real: number;
  readonly offset: number;
  readonly length: number;
}

/** log2 of the pages up to which kmalloc is asked first. @linux include/linux/mmzone.h PAGE_ALLOC_COSTLY_ORDER */
const PAGE_ALLOC_COSTLY_ORDER = 3;

/** What it stands on. */
interface MemoryBelow {
  readonly cpu: Cpu;
  readonly mm: MemoryManagement;
  readonly kmalloc: Kmalloc;
  readonly vmalloc: Vmalloc;
  readonly layout: Layout;
}

export class GuestMemory implements KernelMemory {
  readonly endian: Endian;
  readonly #cpu: Cpu;
  readonly #ram: Ram;
  readonly #mm: MemoryManagement;
  readonly #kmalloc: Kmalloc;
  readonly #vmalloc: Vmalloc;
  readonly #layout: Layout;

  constructor({ cpu, mm, kmalloc, vmalloc, layout }: MemoryBelow) {
    this.endian = cpu.state.endian;
    this.#cpu = cpu;
    this.#ram = cpu.ram;
    this.#mm = mm;
    this.#kmalloc = kmalloc;
    this.#vmalloc = vmalloc;
    this.#layout = layout;
  }

  load(address: U64, bytes: AccessBytes): U64 | MemoryFault {
    const real = this.#linearReal(address, bytes);
    if (real !== undefined) return this.#ram.load(bytes, real, this.endian);
    if ((address.low & 0xfff) + bytes <= 0x1000) {
      const from = this.#translate(address, "load");
      return from === undefined
        ? new MemoryFault(address, "load", bytes)
        : this.#ram.load(bytes, from, this.endian);
    }
    const data = this.read(address, bytes);
    if (data instanceof MemoryFault) return new MemoryFault(address, "load", bytes);
    return this.#join(data);
  }

  store(address: U64, bytes: AccessBytes, value: U64): MemoryFault | undefined {
    const real = this.#linearReal(address, bytes);
    if (real !== undefined && real >= IMAGE.textEnd) {
      this.#ram.store(bytes, real, value, this.endian);
      return undefined;
    }
    return this.#writeChecked(address, this.#split(value, bytes));
  }

  read(address: U64, length: number): Uint8Array | MemoryFault {
    const real = this.#linearReal(address, length);
    if (real !== undefined) return this.#ram.bytes(real, length).slice();
    const pieces = this.#translated(address, length, "load");
    if (pieces instanceof MemoryFault) return pieces;
    const data = new Uint8Array(length);
    for (const piece of pieces) data.set(this.#ram.bytes(piece.real, piece.length), piece.offset);
    return data;
  }

  write(address: U64, data: Uint8Array): MemoryFault | undefined {
    const real = this.#linearReal(address, data.length);
    if (real !== undefined && real >= IMAGE.textEnd) {
      this.#ram.bytes(real, data.length).set(data);
      return undefined;
    }
    return this.#writeChecked(address, data);
  }

  allocate(bytes: number, alignment = 8): U64 {
    return linear(this.#kmalloc.allocate(bytes, alignment));
  }

  /**
   * From kmalloc up to eight pages, where it has as much in one piece, else from vmalloc.
   * @throws OutOfMemoryError
   * @linux kernel/bpf/syscall.c __bpf_map_area_alloc
   */
  allocateArea(bytes: number, caller: string): U64 {
    if (bytes <= 2 ** (this.#layout.pageShift + PAGE_ALLOC_COSTLY_ORDER))
      try {
        return this.allocate(bytes);
      } catch (error) {
        if (!(error instanceof OutOfMemoryError)) throw error;
      }
    const { start, end } = regionNamed(this.#layout, "vmalloc");
    const address = this.#vmalloc.allocate({ size: bytes, start, end, caller });
    if (address === undefined) throw new OutOfMemoryError(`vmalloc of ${bytes} bytes`);
    return address;
  }

  /** Gives back what `allocate` or `allocateArea` gave. @linux mm/util.c kvfree */
  free(address: U64): void {
    if (address.high !== KERNEL_BASE.high && this.#vmalloc.free(address)) return;
    this.#kmalloc.free(address.sub(KERNEL_BASE).toNumber());
  }

  /** The real address of bytes that lie in the linear map, all of them RAM that is mapped 1:1. */
  #linearReal(address: U64, length: number): number | undefined {
    if (address.high !== KERNEL_BASE.high) return undefined;
    const real = address.low >>> 0;
    return this.#ram.has(real, length) && this.#mm.isPlainLinear(real, length) ? real : undefined;
  }

  /** Stores nothing unless all of it may be stored. */
  #writeChecked(address: U64, data: Uint8Array): MemoryFault | undefined {
    const pieces = this.#translated(address, data.length, "store");
    if (pieces instanceof MemoryFault) return pieces;
    for (const { real, offset, length } of pieces) {
      this.#ram.bytes(real, length).set(data.subarray(offset, offset + length));
    }
    return undefined;
  }

  /** What of an access lies in each 4 KiB granule, and where, or the first that may not be reached. */
  #translated(address: U64, length: number, access: "load" | "store"): readonly Piece[] | MemoryFault {
    const pieces: Piece[] = [];
    for (let offset = 0; offset < length;) {
      const at = address.add(u64(offset));
      const piece = Math.min(length - offset, 0x1000 - (at.low & 0xfff));
      const real = this.#translate(at, access);
      if (real === undefined) return new MemoryFault(at, access, piece);
      pieces.push({ real, offset, length: piece });
      offset += piece;
    }
    return pieces;
  }

  #translate(address: U64, access: "load" | "store"): number | undefined {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const result = this.#cpu.mmu.translate(address, access);
      if (result.kind === "page") return result.real;
      if (!this.#mm.resolve(result.vector, address)) return undefined;
    }
    return undefined;
  }

  #join(data: Uint8Array): U64 {
    const ordered = this.endian === "le" ? data : data.slice().reverse();
    let high = 0;
    let low = 0;
    ordered.forEach((byte, i) => {
      if (i < 4) low |= byte << (8 * i);
      else high |= byte << (8 * (i - 4));
    });
    return fromHalves(high, low);
  }

  #split(value: U64, bytes: number): Uint8Array {
    const data = Uint8Array.from({ length: bytes }, (_, i) =>
      i < 4 ? value.low >>> (8 * i) : value.high >>> (8 * (i - 4)),
    );
    return this.endian === "le" ? data : data.reverse();
  }
}
