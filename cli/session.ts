// One program, loaded into one booted kernel as the command line asked for it, and runs of it. Prints nothing but --jit-log.
import type { LinkedProgram } from "../bpf/elf/types.ts";
import { BpfLoadError } from "../bpf/load-error.ts";
import { TestRunError } from "../bpf/types/type.ts";
import { VerifierError } from "../bpf/verifier/error.ts";
import { JitError } from "../jit/error.ts";
import type { BpfLoadOptions } from "../kernel/bpf.ts";
import { OutOfMemoryError } from "../kernel/error.ts";
import { ImageAllocError } from "../kernel/image-alloc/strategy.ts";
import { Kernel, type KernelOptions } from "../kernel/kernel.ts";
import type { Program, ProgramRun } from "../kernel/program.ts";
import type { U64 } from "../word/long.ts";
import { StageError, UsageError } from "./errors.ts";
import { passPrinter } from "./jit-log.ts";
import type { Stage } from "./errors.ts";
import { failureReport } from "./failure.ts";
import { initModule, kernelAbi, loadModule, type ModuleInput } from "./module-file.ts";
import type { BpfOptions, MachineOptions } from "./options.ts";
import { readProgram } from "./program-file.ts";

/** A function of the program as dumps and reports show it. */
export interface FunctionReport {
  readonly name: string;
  /** Its own number in this kernel: the program's for the main function, the following ones for the others. */
  readonly id: number;
  /** Of its image; of the descriptor with ELFv1. Undefined for a user who may not see it. */
  readonly address: U64 | undefined;
  readonly bytes: number;
}

export interface RunInput {
  readonly dataIn: Uint8Array | undefined;
  readonly ctxIn: Uint8Array | undefined;
  readonly repeat: number;
  /** Called before each repetition. */
  readonly onRun?: () => void;
}
export type Done = Extract<ProgramRun, { kind: "done" }>;

export interface Session {
  readonly kernel: Kernel;
  readonly program: Program;
  /** Whether the program runs on plain memory: it has no packet then. */
  readonly onMemory: boolean;
  /** Images, main first; none with --no-jit. */
  functions(): readonly FunctionReport[];
  /** @throws StageError "run" where the program does not return. */
  execute(input: RunInput): Done;
}

/**
 * Boots a kernel, loads modules and runs their inits, and loads the program of `file`. Raw instructions with a `ctxIn`, or that
 * nothing checks, run on plain memory. Throws UsageError or StageError.
 */
export function openSession(
  file: string,
  bytes: Uint8Array,
  options: BpfOptions & { readonly ctxIn?: string },
  modules: readonly ModuleInput[] = [],
): Session {
  const { kind, program: linked } = readProgram(file, bytes, options);
  const kernel = bootKernel({ ...options, ...kernelAbi(modules, options) }, linked.endian);
  for (const module of modules) initModule(kernel, loadModule(kernel, module.file, module.bytes), options);
  const onMemory = kind === "raw" && (options.ctxIn !== undefined || !options.verify);
  const program = stage("load", () => loaded(kernel, linked, options, onMemory));
  return {
    kernel,
    program,
    onMemory,
    functions: () =>
      program.images.map((jited) => ({
        name: jited.name,
        id: program.loaded.id + jited.index,
        address: options.unprivileged ? undefined : jited.image,
        bytes: jited.bytes,
      })),
    execute: ({ dataIn, ctxIn, repeat, onRun }) => {
      const end = stage("run", () =>
        onMemory
          ? program.runOnMemory(ctxIn ?? new Uint8Array(), repeat, onRun)
          : program.testRun({ dataIn, ctxIn, repeat, onRun }),
      );
      if (end.kind !== "done") throw new StageError(failureReport(end, options));
      return onMemory
        ? { ...end, dataOut: undefined, ctxOut: ctxIn === undefined ? undefined : end.dataOut }
        : end;
    },
  };
}

/** Throws UsageError for an option of `given`, by name, that is about a packet where the program has none. */
export function checkPacket({ onMemory }: Session, given: Readonly<Record<string, unknown>>): void {
  if (!onMemory) return;
  for (const [name, value] of Object.entries(given))
    if (value !== undefined) throw new UsageError(`${name}: raw instructions on plain memory have no packet`);
}

/** Loads a program and runs it on plain memory: r0. Throws StageError. */
export function loadAndRun(linked: LinkedProgram, memory: Uint8Array, options: BpfOptions): U64 {
  const kernel = bootKernel(options, linked.endian);
  const program = stage("load", () => loaded(kernel, linked, options, true));
  const end = stage("run", () => program.runOnMemory(memory));
  if (end.kind !== "done") throw new StageError(failureReport(end, options));
  return end.r0;
}

/** The machine of the options. Throws UsageError's kin where they name none, StageError "load" where it cannot have `imageAlloc`. */
export function bootKernel(options: BpfOptions, endian: "le" | "be"): Kernel {
  return stage("load", () => new Kernel(kernelOptions(options, endian)));
}

function loaded(kernel: Kernel, linked: LinkedProgram, options: BpfOptions, onMemory: boolean): Program {
  const onPass = passPrinter(kernel, options.jitLog);
  return kernel.bpf.loadProgram(linked, { ...loadOptions(options, onMemory), onPass });
}

/** What the options of the command line say of the machine and its kernel. */
export function kernelOptions(
  options: MachineOptions & Partial<Pick<BpfOptions, "imageAlloc" | "jitLimit">>,
  endian: "le" | "be",
): KernelOptions {
  const { layout, cpu, abi, ram: ramBytes, ramMap, engine, seed, maxInsns, imageAlloc, jitLimit } = options;
  return {
    layout,
    cpu,
    endian,
    ...(ramMap === undefined ? { ramBytes } : { ramMap }),
    engine,
    seed,
    ...(imageAlloc === undefined ? {} : { imageAlloc }),
    ...(jitLimit === undefined ? {} : { bpfJitLimit: jitLimit }),
    ...(abi === undefined ? {} : { abi }),
    ...(maxInsns === undefined ? {} : { maxInsns }),
  };
}

/** What they say of how a program is loaded. */
export function loadOptions(options: BpfOptions, onMemory: boolean): BpfLoadOptions {
  const { callEncoding, callSequence, helperSequence, jit, kallsyms, verify, unprivileged } = options;
  if (unprivileged && !verify)
    throw new UsageError("without a verifier programs load as a kernel module's do: not --unprivileged");
  const start = onMemory ? "memory" : "context";
  const sequences = { callSequence, helperSequence };
  return { callEncoding, ...sequences, jit, kallsyms, verify, privileged: !unprivileged, start };
}

/** Runs `work`; what the BPF core, verifier, JIT or kernel refuse becomes a StageError of their stage. */
function stage<T>(name: Stage, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const log = error instanceof VerifierError ? { log: error.log } : {};
    const where = error instanceof VerifierError ? "verify" : error instanceof JitError ? "jit" : name;
    const known = [
      VerifierError,
      JitError,
      BpfLoadError,
      TestRunError,
      OutOfMemoryError,
      ImageAllocError,
    ].some((kind) => error instanceof kind);
    if (!known) throw error;
    const { errno, message } = error as { readonly errno: string; readonly message: string };
    throw new StageError({ stage: where, errno, message, ...log }, error);
  }
}
