// A program in this kernel: its images, and runs of it on the emulated processor or in the BPF interpreter.
import { hex64, u64, type U64 } from "../word/long.ts";
import type { LoadedProgram } from "../bpf/core/loaded.ts";
import { INSN_BYTES } from "../bpf/insn.ts";
import type { ProgType } from "../bpf/elf/object.ts";
import type { Outcome } from "../bpf/interpreter.ts";
import { BpfLoadError } from "../bpf/load-error.ts";
import type { BpfMap } from "../bpf/maps/map.ts";
import type { JitedFunction, JitedProgram } from "../jit/program.ts";
import type { Bpf } from "./bpf.ts";
import type { CallOutcome } from "./entry.ts";
import type { Kernel } from "./kernel.ts";
import { progInfo, type BpfProgInfo, type InfoViewer, type ProgramFacts } from "./prog-info.ts";

/** What a test run is given. */
export interface TestRunInput {
  /** The packet from its Ethernet header on, 14 bytes at least; zeros when not given. */
  readonly dataIn?: Uint8Array | undefined;
  /** The context as user space knows it, in guest byte order. */
  readonly ctxIn?: Uint8Array | undefined;
  /** How often the program runs on the same packet; default 1. */
  readonly repeat?: number | undefined;
  /** Called before each repetition, when all is set up for it: for observers of the processor. */
  readonly onRun?: (() => void) | undefined;
}

interface RunFigures {
  /** ppc64 instructions of the last run, from the program's entry to its return; 0 in the BPF interpreter. */
  readonly guestInstructions: number;
  /** Host time of one run, in nanoseconds, mean of the repetitions. */
  readonly durationNs: number;
}

/** A run that did not return: an oops (JITed), a fault (interpreted), or the limit of instructions. */
export type Failure = Exclude<CallOutcome, { kind: "return" }> | Exclude<Outcome, { kind: "return" }>;

/** How a run ended. */
export type ProgramRun =
  | (RunFigures & {
      readonly kind: "done";
      /** Low 32 bits of r0, unsigned. */
      readonly retval: number;
      readonly r0: U64;
      readonly repeat: number;
      /** The packet as the program left it; undefined where it has none. */
      readonly dataOut: Uint8Array | undefined;
      /** The context as the program left it, where one was given. */
      readonly ctxOut: Uint8Array | undefined;
    })
  | Failure;

/** struct bpf_prog without its instructions, in bytes as on Debian's ppc64el 6.1. */
const PROG_HEADER = 72;

interface ProgramParts {
  readonly kernel: Kernel;
  readonly bpf: Bpf;
  readonly loaded: LoadedProgram<JitedProgram>;
  readonly tag: string;
  /** Who loaded it: 0, or a user without CAP_BPF. */
  readonly uid: number;
  /** Nanoseconds since boot. */
  readonly loadTime: U64;
  /** Number of the types of its object; 0 where it has none. */
  readonly btfId: number;
}

/** A loaded program; `free` gives everything of it back. */
export class Program {
  /** The program in the BPF core: instructions before and after rewriting, its check, its functions. */
  readonly loaded: LoadedProgram<JitedProgram>;
  /** 16 hex digits. */
  readonly tag: string;
  readonly #kernel: Kernel;
  readonly #bpf: Bpf;
  readonly #facts: ProgramFacts;
  #isFreed = false;

  constructor({ kernel, bpf, loaded, tag, ...facts }: ProgramParts) {
    this.#kernel = kernel;
    this.#bpf = bpf;
    this.#facts = { kernel, ...facts };
    this.loaded = loaded;
    this.tag = tag;
  }

  get name(): string {
    return this.loaded.name;
  }

  get type(): ProgType {
    return this.loaded.type;
  }

  /** In the order of the object's; some may be shared with other programs of it. */
  get maps(): readonly BpfMap[] {
    return this.loaded.maps;
  }

  /** Images, main first; none where the program is interpreted. */
  get images(): readonly JitedFunction[] {
    return this.loaded.jited?.functions ?? [];
  }

  /** Bytes of code of all functions, without headers, descriptors and padding; 0 where the program is interpreted. */
  get jitedBytes(): number {
    return this.images.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** What the kernel tells of the program; by default to who may see everything. */
  info(viewer: InfoViewer = { capable: true, rawOk: true }): BpfProgInfo {
    return progInfo(this, this.#facts, viewer);
  }

  /** Bytes that the kernel accounts for the program, as its fdinfo says. @linux kernel/bpf/core.c bpf_prog_alloc */
  get memlockBytes(): number {
    const bytes = PROG_HEADER + this.loaded.xlated.insns.length * INSN_BYTES;
    const { pageBytes } = this.#kernel.pages;
    return Math.ceil(bytes / pageBytes) * pageBytes;
  }

  /**
   * Runs the program on a packet as BPF_PROG_TEST_RUN does.
   * @throws TestRunError for a packet or context that Linux refuses, BpfLoadError ENOTSUPP for a type without test run
   */
  testRun(input: TestRunInput = {}): ProgramRun {
    const { onRun, ...given } = input;
    const meter = new Meter(onRun);
    const result = this.loaded.testRun<Failure>({
      ...given,
      run: (context) => meter.measure(() => this.run([context])),
    });
    if (result.kind === "stopped") return result.outcome;
    return { ...result, ...this.#figures(meter, result.repeat) };
  }

  /**
   * Runs a program that was loaded for it on plain memory: r1 points at the bytes, r2 holds their number.
   * @param memory copied into the guest, and out again as `dataOut`
   */
  runOnMemory(memory: Uint8Array, repeat = 1, onRun?: TestRunInput["onRun"]): ProgramRun {
    const kernel = this.#kernel;
    const address = kernel.allocate(Math.max(memory.length, 1), 16);
    const meter = new Meter(onRun);
    try {
      mustWrite(kernel.write(address, memory), address);
      const length = u64(memory.length);
      for (let i = 1; ; i++) {
        const outcome = meter.measure(() => this.run([address, length]));
        if (outcome.kind !== "return") return outcome;
        if (i < repeat) continue;
        const dataOut = kernel.read(address, memory.length);
        return {
          kind: "done",
          retval: outcome.value.low >>> 0,
          r0: outcome.value,
          repeat,
          dataOut: dataOut instanceof Uint8Array ? dataOut : undefined,
          ctxOut: undefined,
          ...this.#figures(meter, repeat),
        };
      }
    } finally {
      kernel.free(address);
    }
  }

  /** Runs the program once with these arguments, by the JITed code if there is any. */
  run(args: readonly U64[]): CallOutcome | Outcome {
    const { jited } = this.loaded;
    if (jited === undefined) return this.loaded.interpret(args, this.#kernel.maxInsns);
    return this.#kernel.call(jited.entry, args);
  }

  #figures({ milliseconds, instructions }: Meter, repeat: number): RunFigures {
    const guestInstructions = this.loaded.jited === undefined ? 0 : instructions;
    return { guestInstructions, durationNs: Math.round((milliseconds * 1e6) / repeat) };
  }

  /** Gives images and names back, and maps that no other program needs; it must not run afterwards. A second time does nothing. */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#bpf.forget(this.loaded);
    for (const { image, header } of this.images) {
      this.#kernel.kallsyms.remove(image);
      this.#bpf.images.free(header);
    }
    const table = this.loaded.jited?.table;
    if (table !== undefined) this.#bpf.images.freeTable(table);
    this.loaded.free();
  }
}

/** Counts what runs cost. */
class Meter {
  /** Of all runs. */
  milliseconds = 0;
  /** Of the last run. */
  instructions = 0;
  readonly #onRun: (() => void) | undefined;

  constructor(onRun: (() => void) | undefined) {
    this.#onRun = onRun;
  }

  measure<R extends CallOutcome | Outcome>(run: () => R): R {
    this.#onRun?.();
    const start = performance.now();
    const outcome = run();
    this.milliseconds += performance.now() - start;
    this.instructions = outcome.instructions;
    return outcome;
  }
}

function mustWrite(fault: unknown, address: U64): void {
  if (fault !== undefined) throw new BpfLoadError(`memory at ${hex64(address)} cannot be written`, "ENOMEM");
}
