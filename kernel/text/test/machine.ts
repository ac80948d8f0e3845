// A kernel whose text functions a test calls, with a buffer of guest memory that it writes and reads.
import { hex64, u64, type U64 } from "../../../word/long.ts";
import { MemoryFault } from "../../../bpf/memory.ts";
import { Kernel, type CallOutcome, type KernelOptions } from "../../kernel.ts";

const BUFFER_BYTES = 0x1000;

export class TextTest {
  readonly kernel: Kernel;
  /** A page of memory. */
  readonly buffer: U64;

  constructor(options: KernelOptions) {
    this.kernel = new Kernel({ ramBytes: 0x400_0000, ...options });
    this.buffer = this.kernel.allocate(BUFFER_BYTES);
  }

  outcome(symbol: string, args: readonly (U64 | number)[]): CallOutcome {
    const pointer = this.kernel.text.guestCode(symbol);
    if (pointer === undefined) throw new Error(`no guest code ${symbol}`);
    return this.kernel.call(
      pointer,
      args.map((arg) => (typeof arg === "number" ? u64(arg) : arg)),
      { maxInsns: 1e6 },
    );
  }

  /** What the function returns. */
  call(symbol: string, ...args: readonly (U64 | number)[]): U64 {
    const outcome = this.outcome(symbol, args);
    if (outcome.kind === "return") return outcome.value;
    throw new Error(outcome.kind === "oops" ? outcome.oops.text : outcome.kind);
  }

  /** As `call`, for a function that returns an int. */
  int(symbol: string, ...args: readonly (U64 | number)[]): number {
    return this.call(symbol, ...args).low;
  }

  /** Bytes at an offset in the buffer. */
  write(offset: number, data: Uint8Array): U64 {
    const at = this.buffer.add(offset);
    const fault = this.kernel.write(at, data);
    if (fault !== undefined) throw new Error(`no memory at ${hex64(at)}`);
    return at;
  }

  read(offset: number, length: number): Uint8Array {
    const data = this.kernel.read(this.buffer.add(offset), length);
    if (data instanceof MemoryFault) throw new Error(`no memory at offset ${offset}`);
    return data;
  }
}

/** One of each order of bytes and each ABI. */
export const textTests = [
  ["le elfv2", new TextTest({ endian: "le" })],
  ["be elfv1", new TextTest({ endian: "be" })],
  ["le elfv1", new TextTest({ endian: "le", abi: "elfv1" })],
  ["be elfv2, power8", new TextTest({ endian: "be", abi: "elfv2", cpu: "power8" })],
] as const;

/** Pseudo-random bytes; those of one seed are always the same. */
export function someBytes(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}
