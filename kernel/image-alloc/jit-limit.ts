// bpf_jit_limit: how much memory for images those may have who are not privileged. Every image is charged; only they are refused.
import { KernelUsageError } from "../error.ts";
import type { Layout } from "../layout/layout.ts";
import { regionNamed } from "../layout/layout.ts";

/** Bytes of images against a limit; exact to the byte. */
export class JitLimit {
  /** Bytes; Infinity where the kernel has no such limit. */
  readonly bytes: number;
  #current = 0;

  /** @throws KernelUsageError for what is no number of bytes */
  constructor(bytes: number) {
    if (!(bytes >= 0 && (Number.isSafeInteger(bytes) || bytes === Infinity)))
      throw new KernelUsageError(`bpf_jit_limit: ${bytes} is no number of bytes`);
    this.bytes = bytes;
  }

  /** Bytes that are charged now. */
  get current(): number {
    return this.#current;
  }

  /** Whether so many more bytes would be granted; the privileged are granted any. */
  allows(bytes: number, privileged: boolean): boolean {
    return privileged || this.#current + bytes <= this.bytes;
  }

  /** Charges bytes, or refuses and charges nothing: -EPERM. @linux kernel/bpf/core.c bpf_jit_charge_modmem */
  charge(bytes: number, privileged: boolean): boolean {
    if (!this.allows(bytes, privileged)) return false;
    this.#current += bytes;
    return true;
  }

  /** @linux kernel/bpf/core.c bpf_jit_uncharge_modmem */
  uncharge(bytes: number): void {
    this.#current -= bytes;
  }
}

/**
 * The limit that a kernel starts with: none before 4.20; in 6.12 half of what bpf_jit_alloc_exec_limit() says, in whole pages.
 * @param areaBytes of the range that images have to themselves; undefined where they share vmalloc, or have none
 * @linux kernel/bpf/core.c bpf_jit_charge_init
 */
export function defaultJitLimit(layout: Layout, areaBytes: number | undefined): number {
  if (layout.version.name === "4.15") return Infinity;
  const { start, end } = regionNamed(layout, "vmalloc");
  const bytes = areaBytes ?? end.sub(start).toNumber();
  const page = 2 ** layout.pageShift;
  return Math.ceil(bytes / 2 / page) * page;
}
