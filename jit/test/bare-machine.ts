// A processor in real mode with just what JITed code touches: paca, TOC, stack, helpers, memory for images and for data.
// Tests run compiled functions on it and look at what they did. No kernel, no MMU.
import { Cpu, type EngineName } from "../../cpu/cpu.ts";
import { encode } from "../../cpu/isa/encode.ts";
import { hex64, u64, type U64, ZERO } from "../../word/long.ts";
import { jitProgram, type JitedProgram } from "../program.ts";
import type { BpfFunction } from "../../bpf/core/prog.ts";
import { codeOffset, type JitMemory, type JitTarget } from "../target.ts";
import { seenTarget } from "./fixtures.ts";

/** Where everything is, in bytes of real memory. */
const PLACE = {
  returned: 0x1000,
  helpers: 0x2000,
  /** A descriptor where the ABI has them, then two words of code. */
  helperBytes: 32,
  paca: 0x8000,
  stackTop: 0x2_0000,
  toc: 0x2_8000,
  tables: 0x2_9000,
  data: 0x3_0000,
  images: 0x4_0000,
} as const;

/** Bytes behind `images` unless told. */
const IMAGE_BYTES = 0xc_0000;
/** Bytes of data that are cleared before each call. */
const DATA_BYTES = 0x1000;
const attn = encode("attn", {});

/** A helper that a program can call: r1..r5 in, r0 out. */
export type Helper = (...r: readonly U64[]) => U64;

export interface Outcome {
  readonly r0: U64;
  readonly data: Uint8Array;
  /** Instructions from entry to return. */
  readonly instructions: number;
}

export class BareMachine {
  readonly cpu: Cpu;
  readonly target: JitTarget;
  readonly #helpers: readonly Helper[];
  readonly #end: number;

  /** Helper n is at `bpfCallBase + helperImm(n)`. */
  constructor(
    options: {
      target?: Partial<JitTarget>;
      engine?: EngineName;
      helpers?: readonly Helper[];
      imageBytes?: number;
    } = {},
  ) {
    const { abi = seenTarget.abi } = options.target ?? {};
    const { target = {}, engine = "reference", helpers = [], imageBytes = IMAGE_BYTES } = options;
    this.#end = PLACE.images + imageBytes;
    this.target = {
      ...seenTarget,
      kernelToc: u64(PLACE.toc),
      kernelBase: ZERO,
      bpfCallBase: u64(PLACE.helpers),
      localEntry: (address) => address.add(codeOffset({ abi })),
      isCoreText: (address) => address.high === 0 && address.low < PLACE.paca,
      ...target,
    };
    this.#helpers = helpers;
    this.cpu = new Cpu({
      model: this.target.cpu,
      ramBytes: this.#end,
      endian: this.target.endian,
      engine,
      interrupts: "host",
    });
    const { ram } = this.cpu;
    const { endian } = this.target;
    ram.store(4, PLACE.returned, u64(attn), endian);
    ram.store(8, PLACE.paca + this.target.pacaKernelToc, this.target.kernelToc, endian);
    ram.store(8, PLACE.paca + this.target.pacaKernelBase, this.target.kernelBase, endian);
    helpers.forEach((_, n) => {
      const code = helperAddress(n) + codeOffset(this.target);
      if (abi === "elfv1") ram.store(8, helperAddress(n), u64(code), endian);
      ram.store(4, code, u64(attn), endian);
      ram.store(4, code + 4, u64(encode("bclr", { BO: 20 })), endian);
    });
  }

  static helperImm(n: number): number {
    return helperAddress(n) - PLACE.helpers;
  }

  /** Real address of the data that programs get in R1. */
  static readonly dataAddress = PLACE.data;

  /** Images from a fixed address on, behind one another. */
  imageMemory(): JitMemory {
    let next: number = PLACE.images;
    return {
      allocate: (bytes, alignment) => {
        const image = Math.ceil(next / alignment) * alignment;
        next = image + bytes;
        return next > this.#end ? undefined : { header: u64(image), image: u64(image) };
      },
      write: (image, code) => {
        this.cpu.ram.bytes(image.toNumber(), code.length).set(code);
      },
      lock: () => undefined,
      free: () => undefined,
      allocateTable: () => u64(PLACE.tables),
      writeTable: (address, table) => {
        this.cpu.ram.bytes(address.toNumber(), table.length).set(table);
      },
      freeTable: () => undefined,
    };
  }

  jit(functions: readonly BpfFunction[]): JitedProgram {
    return jitProgram(functions, this.target, this.imageMemory());
  }

  /**
   * Calls the program with R1 = address of a copy of `data`.
   * @throws Error where it does not return within `maxInsns`, or returns with another r1, r2, r13 or non-volatile GPR
   */
  call(jited: JitedProgram, data: Uint8Array, maxInsns = 1_000_000): Outcome {
    const { state, ram } = this.cpu;
    const window = ram.bytes(PLACE.data, Math.max(DATA_BYTES, data.length));
    window.fill(0);
    window.set(data);
    const kept = new Map<number, U64>();
    for (let gpr = 0; gpr < 32; gpr++) {
      const value = initialGpr(gpr, this.target);
      state.setGpr(gpr, value);
      if (gpr === 1 || gpr === 2 || gpr >= 13) kept.set(gpr, value);
    }
    state.setGpr(12, jited.entry);
    state.lr = u64(PLACE.returned);
    state.nia = jited.entry.add(codeOffset(this.target));
    const before = this.cpu.instructions;
    this.#runToReturn(maxInsns);
    for (const [gpr, value] of kept)
      if (state.gpr(gpr).neq(value)) throw new Error(`r${gpr} is ${hex64(state.gpr(gpr))} on return`);
    return { r0: state.gpr(3), data: window.slice(), instructions: this.cpu.instructions - before };
  }

  #runToReturn(maxInsns: number): void {
    const { state } = this.cpu;
    for (;;) {
      const stop = this.cpu.run(maxInsns);
      if (stop.reason !== "attn") throw new Error(`stopped at ${hex64(state.nia)}: ${JSON.stringify(stop)}`);
      const at = stop.cia.toNumber();
      if (at === PLACE.returned) return;
      const code = at - codeOffset(this.target);
      const helper = this.#helpers[(code - PLACE.helpers) / PLACE.helperBytes - 1];
      if (helper === undefined) throw new Error(`attn at ${hex64(stop.cia)}`);
      const result = helper(...[3, 4, 5, 6, 7].map((gpr) => state.gpr(gpr)));
      // All that the ABI lets a callee destroy.
      for (const gpr of [0, 4, 5, 6, 7, 8, 9, 10, 11, 12]) state.setGpr(gpr, u64(0xbad0 + gpr));
      state.setGpr(3, result);
      state.nia = u64(at + 4);
    }
  }
}

const helperAddress = (n: number): number => PLACE.helpers + PLACE.helperBytes * (n + 1);

function initialGpr(gpr: number, target: JitTarget): U64 {
  if (gpr === 1) return u64(PLACE.stackTop - 0x200);
  if (gpr === 2) return target.kernelToc;
  if (gpr === 3) return u64(PLACE.data);
  if (gpr === 13) return u64(PLACE.paca);
  return u64(0x1234_5600 + gpr);
}
