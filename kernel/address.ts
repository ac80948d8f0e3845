// __pa, __va, virt_to_page and their kin, each checking its argument: what Linux computes without asking, and says under CONFIG_DEBUG_VIRTUAL.
// Mapping is mm/'s, struct pages are vmemmap.ts's.
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { KERNEL_BASE, linear } from "./layout/image.ts";
import { regionNamed, regionOf, type Layout } from "./layout/layout.ts";
import type { MemoryManagement } from "./mm/mm.ts";
import { ramEnd, type RamRange } from "./ram-map.ts";
import { STRUCT_PAGE, type Vmemmap } from "./vmemmap.ts";

/** Why an address has no answer. */
export class AddressFault {
  /** What was asked, as Linux calls it: "__pa". */
  readonly asked: string;
  /** The address; of a real one the number. */
  readonly address: U64;
  /** One line for people. */
  readonly why: string;
  /** The real address that Linux computes all the same. */
  readonly computed: number | undefined;

  constructor(asked: string, address: U64, why: string, computed?: number) {
    this.asked = asked;
    this.address = address;
    this.why = why;
    this.computed = computed;
  }
}

export interface KernelAddressOptions {
  readonly layout: Layout;
  readonly ramMap: readonly RamRange[];
  readonly mm: MemoryManagement;
  readonly vmemmap: Vmemmap;
}

/** Bits of an effective address that __pa keeps [Linux 6.12 arch/powerpc/include/asm/page.h]. */
const PA_HIGH = 0x0fff_ffff;

/** Conversions between effective addresses, real addresses (numbers, in bytes), page frame numbers and struct pages. */
export class KernelAddress {
  readonly #layout: Layout;
  readonly #ramMap: readonly RamRange[];
  readonly #mm: MemoryManagement;
  readonly #vmemmap: Vmemmap;
  readonly #pageBytes: number;

  constructor({ layout, ramMap, mm, vmemmap }: KernelAddressOptions) {
    this.#layout = layout;
    this.#ramMap = ramMap;
    this.#mm = mm;
    this.#vmemmap = vmemmap;
    this.#pageBytes = 2 ** layout.pageShift;
  }

  /** Real address of a linear-map address. @linux arch/powerpc/include/asm/page.h __pa */
  pa(ea: U64): number | AddressFault {
    return this.#linearReal("__pa", ea);
  }

  /** Linear-map address of a real address that is RAM. @linux arch/powerpc/include/asm/page.h __va */
  va(real: number): U64 | AddressFault {
    const why = this.#notRam(real);
    if (why !== undefined) return this.#realFault("__va", real, why);
    if (!this.#mm.isPlainLinear(real, 1))
      return this.#realFault("__va", real, "it was taken out of the linear map");
    return linear(real);
  }

  /** Page frame number of a linear-map address. @linux arch/powerpc/include/asm/page.h virt_to_pfn */
  virtToPfn(ea: U64): number | AddressFault {
    const real = this.#linearReal("virt_to_pfn", ea);
    return real instanceof AddressFault ? real : Math.floor(real / this.#pageBytes);
  }

  /** Struct page of a linear-map address. @linux arch/powerpc/include/asm/page.h virt_to_page */
  virtToPage(ea: U64): U64 | AddressFault {
    const real = this.#linearReal("virt_to_page", ea);
    return real instanceof AddressFault
      ? real
      : this.#vmemmap.pageAddress(Math.floor(real / this.#pageBytes));
  }

  /** Whether an address is one that the functions above are for, as Linux asks it. @linux arch/powerpc/include/asm/page.h virt_addr_valid */
  virtAddrValid(ea: U64): boolean {
    // 4.15 looks at the region, 6.12 at high_memory, the end of RAM; a gap has no section in both.
    const isBelow = this.#layout.version.name === "4.15" || ea.lt(linear(ramEnd(this.#ramMap)));
    if (ea.high >>> 28 !== KERNEL_BASE.high >>> 28 || !isBelow) return false;
    return this.#notRam(computedReal(ea)) === undefined;
  }

  /** Struct page of a page frame that is RAM. @linux include/asm-generic/memory_model.h __pfn_to_page */
  pfnToPage(frame: number): U64 | AddressFault {
    const real = frame * this.#pageBytes;
    const why = Number.isInteger(frame) ? this.#notRam(real) : "it is no page frame number";
    return why === undefined ? this.#vmemmap.pageAddress(frame) : this.#realFault("pfn_to_page", real, why);
  }

  /** Page frame number of a struct page. @linux include/asm-generic/memory_model.h __page_to_pfn */
  pageToPfn(page: U64): number | AddressFault {
    return this.#frameOf("page_to_pfn", page);
  }

  /** Linear-map address of what a struct page stands for. @linux include/linux/mm.h page_to_virt */
  pageToVirt(page: U64): U64 | AddressFault {
    const frame = this.#frameOf("page_to_virt", page);
    return frame instanceof AddressFault ? frame : this.va(frame * this.#pageBytes);
  }

  /** Struct page of a mapped vmalloc address. @linux mm/vmalloc.c vmalloc_to_page */
  vmallocToPage(ea: U64): U64 | AddressFault {
    if (regionOf(this.#layout, ea)?.name !== "vmalloc")
      return new AddressFault("vmalloc_to_page", ea, `${hex64(ea)} is ${this.#place(ea)}, not vmalloc`);
    const real = this.#mm.realAddress(ea);
    if (real === undefined) return new AddressFault("vmalloc_to_page", ea, `${hex64(ea)} is not mapped`);
    return this.pfnToPage(Math.floor(real / this.#pageBytes));
  }

  #linearReal(asked: string, ea: U64): number | AddressFault {
    const computed = computedReal(ea);
    const fault = (why: string): AddressFault => {
      const found = this.#notRam(computed) === undefined ? "RAM of another use" : "no RAM";
      const all = `${asked}(${hex64(ea)}): ${why}; Linux computes real 0x${computed.toString(16)}, ${found}`;
      return new AddressFault(asked, ea, all, computed);
    };
    const { start, end } = regionNamed(this.#layout, "linear map");
    if (ea.lt(start) || ea.gte(end)) return fault(`it is ${this.#place(ea)}, not in the linear map`);
    const why = this.#notRam(computed);
    if (why !== undefined) return fault(`it is in the linear map, but ${why}`);
    if (!this.#mm.isPlainLinear(computed, 1)) return fault("the linear map has a hole there");
    return computed;
  }

  #frameOf(asked: string, page: U64): number | AddressFault {
    const { start, end } = regionNamed(this.#layout, "vmemmap");
    const fault = (why: string): AddressFault =>
      new AddressFault(asked, page, `${asked}(${hex64(page)}): ${why}`);
    if (page.lt(start) || page.gte(end)) return fault(`it is ${this.#place(page)}, not in vmemmap`);
    const offset = page.sub(start).toNumber();
    if (offset % STRUCT_PAGE.bytes !== 0) return fault("it is inside a struct page, not at its start");
    const frame = offset / STRUCT_PAGE.bytes;
    const why = this.#notRam(frame * this.#pageBytes);
    return why === undefined ? frame : fault(why);
  }

  #place(ea: U64): string {
    const region = regionOf(this.#layout, ea);
    return region === undefined ? (ea.high < 0 ? "in no region" : "a user address") : `in ${region.name}`;
  }

  /** Why a real address is no RAM. @linux include/linux/mmzone.h pfn_valid */
  #notRam(real: number): string | undefined {
    if (this.#ramMap.some(({ start, end }) => real >= start && real < end)) return undefined;
    const isGap = real >= 0 && real < ramEnd(this.#ramMap);
    return `real 0x${real.toString(16)} is ${isGap ? "in a gap of RAM" : "behind the end of RAM"}`;
  }

  #realFault(asked: string, real: number, why: string): AddressFault {
    const address = Number.isSafeInteger(real) ? u64(real) : u64(0);
    return new AddressFault(asked, address, `${asked}(0x${real.toString(16)}): ${why}`);
  }
}

/** What __pa makes of any address, in the linear map or not. @linux arch/powerpc/include/asm/page.h __pa */
export function computedReal(ea: U64): number {
  return fromHalves(ea.high & PA_HIGH, ea.low).toNumber();
}
