// What a kernel is asked for: the machine, the layout, and what is put in place of its own. What it makes of that is kernel.ts's.
import type { U64 } from "../word/long.ts";
import type { EngineName } from "../cpu/cpu.ts";
import type { CpuModel } from "../cpu/isa/row.ts";
import type { Endian } from "../cpu/state.ts";
import type { Kernel } from "./kernel.ts";
import type { Layout } from "./layout/layout.ts";
import type { RamRange } from "./ram-map.ts";
import type { Abi, KernelFunction } from "./text.ts";

/** Functions of the kernel that a caller may replace, as weak symbols are. */
export interface KernelOverrides {
  /** Pages for an image of `size` bytes (whole pages), writable; undefined where there are none. Default: what `imageAlloc` names. */
  readonly bpfJitImageAlloc?: (kernel: Kernel, size: number) => U64 | undefined;
}

/** The machine and the kernel that are booted on it; everything has a default. */
export interface KernelOptions {
  /** Name of a layout, or one of the caller's own; default hash64k-4.15. */
  readonly layout?: string | Layout;
  /** Default power9. */
  readonly cpu?: CpuModel;
  /** Default le. */
  readonly endian?: Endian;
  /** Default elfv2 for le, elfv1 for be. */
  readonly abi?: Abi;
  /** A multiple of 16 MiB from 64 MiB on; default 256 MiB. */
  readonly ramBytes?: number;
  /** In place of ramBytes: RAM in several places, with gaps and NUMA nodes. */
  readonly ramMap?: readonly RamRange[];
  /** What executes guest code; default auto, the fastest there is. */
  readonly engine?: EngineName;
  /** Seed of everything random; default 0. */
  readonly seed?: number;
  /** Most guest instructions of one call; default 1e9. */
  readonly maxInsns?: number;
  /** Strategy for the pages of images, as on the command line: `NAME` or `NAME:ARGUMENT`; default module_alloc. */
  readonly imageAlloc?: string;
  /** net.core.bpf_jit_limit in bytes; default as Linux: none in 4.15, later half of the range for images. */
  readonly bpfJitLimit?: number;
  /** Functions in place of the kernel's own. */
  readonly overrides?: KernelOverrides;
  /** Nanoseconds since boot; by default one for each instruction executed, so that a run can be repeated. */
  readonly clock?: () => U64;
  /** Functions of kernel text; more may be added later. */
  readonly functions?: readonly KernelFunction[];
}
