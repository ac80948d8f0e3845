// What helpers may ask of the kernel around them, and how one is described.
import type { U64 } from "../../word/long.ts";
import type { BpfMap } from "../maps/map.ts";
import type { KernelMemory, MemoryFault } from "../memory.ts";

/** The kernel as a helper sees it. */
export interface HelperContext {
  readonly memory: KernelMemory;
  /** The map whose struct bpf_map is at this address. */
  map(address: U64): BpfMap | undefined;
  /** Nanoseconds since boot. */
  now(): U64;
  /** The next 32 random bits, unsigned. */
  random(): number;
  /** Number of the CPU the program runs on. */
  readonly cpu: number;
  /** Takes one message of bpf_trace_printk, without a line end of its own. */
  trace(message: string): void;
  /** An address as `%p` prints it (a hash), or `%pS`, `%pB` (name and offset) and `%ps` (name). */
  pointerText(address: U64, kind: "" | "S" | "B" | "s"): string;
}

/** A helper function. A fault of its own accesses is handed on as a value: in the kernel it would be an oops. */
export interface Helper {
  /** Number in `enum bpf_func_id`. */
  readonly id: number;
  /** Name without prefix, as documentation has it. */
  readonly name: string;
  /** Name of the function in kernel text. */
  readonly symbol: string;
  call(context: HelperContext, r1: U64, r2: U64, r3: U64, r4: U64, r5: U64): U64 | MemoryFault;
}
