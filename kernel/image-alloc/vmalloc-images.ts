// Images in vmalloc areas: pages of their own, a guard page behind each, protection by the page. Which range: the strategy's.
import { hex64, type U64 } from "../../word/long.ts";
import type { MemoryFault } from "../../bpf/memory.ts";
import type { Kernel } from "../kernel.ts";
import type { ImageAllocator, ImageUsage } from "./strategy.ts";

/** An allocator over whatever gives vmalloc areas. */
export class VmallocImages implements ImageAllocator {
  readonly granuleBytes: number;
  readonly #kernel: Kernel;
  readonly #area: (bytes: number) => U64 | undefined;
  /** Pages of each image, by address. */
  readonly #pages = new Map<string, number>();
  /** Addresses of those that are read-only. */
  readonly #locked = new Set<string>();

  readonly areaBytes: number | undefined;

  /**
   * @param area a vmalloc area of whole pages, writable; undefined where there is none
   * @param areaBytes of the range that `area` takes them from, where it is not the whole vmalloc range
   */
  constructor(kernel: Kernel, area: (bytes: number) => U64 | undefined, areaBytes?: number) {
    this.areaBytes = areaBytes;
    this.#kernel = kernel;
    this.#area = area;
    this.granuleBytes = kernel.pages.pageBytes;
  }

  get usage(): ImageUsage {
    const pages = [...this.#pages.values()].reduce((sum, count) => sum + count, 0);
    const guards = this.#pages.size;
    return { ramBytes: pages * this.granuleBytes, vaBytes: (pages + guards) * this.granuleBytes };
  }

  allocate(bytes: number): U64 | undefined {
    const address = this.#area(bytes);
    if (address !== undefined) this.#pages.set(hex64(address), Math.ceil(bytes / this.granuleBytes));
    return address;
  }

  write(address: U64, data: Uint8Array): MemoryFault | undefined {
    const { vmalloc, textPoke, memory } = this.#kernel;
    const area = vmalloc.find(address)?.address;
    const isLocked = area !== undefined && this.#locked.has(hex64(area));
    return isLocked ? textPoke.write(address, data) : memory.write(address, data);
  }

  lock(address: U64, bytes: number): boolean {
    if (!this.#kernel.setMemoryRox(address, bytes)) return false;
    this.#locked.add(hex64(address));
    return true;
  }

  free(address: U64): boolean {
    if (!this.#pages.delete(hex64(address))) return false;
    this.#locked.delete(hex64(address));
    this.#kernel.vfree(address);
    return true;
  }
}
