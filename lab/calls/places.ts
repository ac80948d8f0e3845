// Memory for a driver and the functions that it calls, where a scenario says that they lie. Whatever is asked for comes from the
// kernel's image allocator or its vmalloc; what stands in it is driver.ts's.
import { hex64, type U64, ZERO } from "../../word/long.ts";
import { OutOfMemoryError } from "../../kernel/error.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { regionNamed } from "../../kernel/layout/layout.ts";
import type { Random } from "../../kernel/random.ts";
import type { Place } from "./scenario.ts";

/** Room for one function in an image of many: what a call enters is in an aligned piece of its own. */
const SLOT_BYTES = 32;
/** @linux kernel/bpf/core.c BPF_PROG_PACK_SIZE, BPF_PROG_CHUNK_SIZE */
const PACK_BYTES = 2 * 2 ** 20;
const CHUNK_BYTES = 64;
/** What callees of `same-32m` lie in, from the driver on; a last page less than 32 MiB, so that bl reaches its end. */
const WINDOW_BYTES = 31 * 2 ** 20;
/**
 * What the images of `scattered` are spread over: so far 1200 images lay apart on a Debian ppc64el 6.1 with 300 BPF programs. Between
 * two of them others hold a random part of it, a quarter to seven quarters of the mean.
 */
const SPREAD_BYTES = 386 * 10 ** 6;
const LEAST_PART = 0.25;
const PARTS = 1.5;

/** Bytes of a driver and of each function. */
export interface Sizes {
  readonly driver: number;
  readonly functions: readonly number[];
}

/** Where they begin. */
export interface Addresses {
  readonly driver: U64;
  readonly functions: readonly U64[];
}

/** What was allocated for one measurement; writable until it is locked. */
export class Places {
  readonly #kernel: Kernel;
  readonly #random: Random;
  readonly #held: { readonly lock: () => void; readonly free: () => void }[] = [];

  constructor(kernel: Kernel, random: Random) {
    this.#kernel = kernel;
    this.#random = random;
  }

  /** @throws OutOfMemoryError where the kernel has no such place */
  allocate(place: Place, sizes: Sizes): Addresses {
    switch (place) {
      case "images":
        return {
          driver: this.#image(sizes.driver),
          functions: sizes.functions.map((bytes) => this.#image(bytes)),
        };
      case "one-image": {
        const driver = this.#image(sizes.driver);
        const { bytes, offsets } = slots(sizes.functions);
        const start = aligned(this.#image(bytes + SLOT_BYTES));
        return { driver, functions: offsets.map((offset) => start.add(offset)) };
      }
      case "next-page":
        return this.#nextPage(sizes);
      case "same-2m":
        return this.#same2m(sizes);
      case "same-32m":
        return this.#same32m(sizes);
      case "scattered":
        return this.#scattered(sizes);
    }
  }

  /** Writes code into what was allocated. @throws Error where it is not writable */
  write(address: U64, words: readonly number[]): void {
    const data = new Uint8Array(4 * words.length);
    const view = new DataView(data.buffer);
    words.forEach((word, i) => {
      view.setUint32(4 * i, word, this.#kernel.endian === "le");
    });
    const fault = this.#kernel.write(address, data);
    if (fault !== undefined)
      throw new Error(`code at ${hex64(address)}: ${hex64(fault.address)} cannot be written`);
  }

  /** Makes everything read-only and executable. */
  lock(): void {
    for (const { lock } of this.#held) lock();
  }

  /** Gives everything back, its addresses too. */
  free(): void {
    for (const { free } of this.#held.splice(0)) free();
    this.#kernel.vmalloc.purge();
  }

  /** An image as the JIT gets it: at a random start in pages of its own. */
  #image(bytes: number): U64 {
    const kernel = this.#kernel;
    const binary = kernel.bpfJitBinaryAlloc(bytes);
    if (binary === undefined) throw new OutOfMemoryError(`an image of ${bytes} bytes`);
    this.#held.push({
      lock: () => void kernel.imageAlloc.lock(binary.header, binary.bytes),
      free: () => {
        kernel.bpfJitBinaryFree(binary);
      },
    });
    return binary.image;
  }

  #pages(bytes: number, from: U64, end: U64, isReserved = false): U64 {
    const address = this.#tryPages(bytes, from, end, isReserved);
    if (address === undefined) throw new OutOfMemoryError(`${bytes} bytes of vmalloc`);
    return address;
  }

  /** Whole pages of vmalloc from `from` on, before `end`; nothing is mapped there where they are reserved only. */
  #tryPages(bytes: number, from: U64, end: U64, isReserved = false): U64 | undefined {
    const kernel = this.#kernel;
    const address = kernel.vmallocNodeRange({
      size: bytes,
      start: from,
      end,
      owner: "bpf image",
      ...(isReserved ? { pages: [] } : {}),
    });
    if (address === undefined) return undefined;
    this.#held.push({
      lock: () => {
        if (!isReserved) kernel.setMemoryRox(address, bytes);
      },
      free: () => void kernel.vfree(address),
    });
    return address;
  }

  /** The driver at a random place of its page, the functions at the start of the page behind it. */
  #nextPage({ driver, functions }: Sizes): Addresses {
    const { pageBytes } = this.#kernel.pages;
    const { start, end } = regionNamed(this.#kernel.layout, "vmalloc");
    const callerBytes = Math.ceil(driver / pageBytes) * pageBytes;
    const { bytes, offsets } = slots(functions);
    const area = this.#pages(callerBytes + bytes, start, end);
    return {
      driver: area.add(this.#offset(callerBytes - driver)),
      functions: offsets.map((offset) => area.add(callerBytes + offset)),
    };
  }

  /** Chunks of one pack, as the prog pack allocator of Linux 6.12 hands them out; others hold those between. */
  #same2m({ driver, functions }: Sizes): Addresses {
    const { start, end } = regionNamed(this.#kernel.layout, "vmalloc");
    const pack = this.#pages(PACK_BYTES, start, end);
    const driverChunks = Math.ceil(driver / CHUNK_BYTES);
    const chunks = PACK_BYTES / CHUNK_BYTES - driverChunks;
    const taken = new Set<number>();
    while (taken.size < functions.length) taken.add(driverChunks + this.#random.below(chunks));
    return { driver: pack, functions: [...taken].map((chunk) => pack.add(chunk * CHUNK_BYTES)) };
  }

  #same32m({ driver, functions }: Sizes): Addresses {
    const { pageBytes } = this.#kernel.pages;
    const { start, end } = regionNamed(this.#kernel.layout, "vmalloc");
    const area = this.#pages(driver + pageBytes, start, end);
    const windowEnd = area.add(WINDOW_BYTES);
    const inWindow = (bytes: number): U64 => {
      const page = this.#random.below(Math.floor(WINDOW_BYTES / pageBytes));
      // Behind the last others there may be no page left, before them there is.
      const found =
        this.#tryPages(bytes, area.add(page * pageBytes), windowEnd) ?? this.#pages(bytes, area, windowEnd);
      return found.add(this.#offset(pageBytes - bytes));
    };
    return { driver: area.add(this.#offset(pageBytes)), functions: functions.map(inWindow) };
  }

  /** Images one behind the other, the driver's somewhere among them, and between them what others hold, unmapped here. */
  #scattered({ driver, functions }: Sizes): Addresses {
    const { start, end } = regionNamed(this.#kernel.layout, "vmalloc");
    const driverAt = this.#random.below(functions.length);
    let driverImage = ZERO;
    const images = functions.map((bytes, i) => {
      const { pageBytes } = this.#kernel.pages;
      const part = LEAST_PART + (PARTS * this.#random.u32()) / 2 ** 32;
      const between = (part * SPREAD_BYTES) / functions.length;
      this.#pages(Math.ceil(between / pageBytes) * pageBytes, start, end, true);
      if (i === driverAt) driverImage = this.#image(driver);
      return this.#image(bytes);
    });
    return { driver: driverImage, functions: images };
  }

  /** A random multiple of 4 from 0 to `most`. */
  #offset(most: number): number {
    return 4 * this.#random.below(Math.floor(most / 4) + 1);
  }
}

/** Where functions lie one behind the other, and what they come to. */
function slots(sizes: readonly number[]): { readonly bytes: number; readonly offsets: readonly number[] } {
  const offsets: number[] = [];
  let bytes = 0;
  for (const size of sizes) {
    offsets.push(bytes);
    bytes += Math.ceil(size / SLOT_BYTES) * SLOT_BYTES;
  }
  return { bytes, offsets };
}

function aligned(address: U64): U64 {
  return address.add(-address.low & (SLOT_BYTES - 1));
}
