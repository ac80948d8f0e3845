// BPF in this kernel: objects and programs are loaded, JITed into guest memory and named in kallsyms.
// How a program runs is program.ts's; the BPF core itself is bpf/'s and the compiler jit/'s.
import { u64, type U64 } from "../word/long.ts";
import { BpfCore } from "../bpf/core/core.ts";
import type { CallEncodingName } from "../bpf/core/encoding/encoding.ts";
import { BpfObject, type LinkedProgram, type MapDefinition, type ProgType } from "../bpf/elf/object.ts";
import { helpers } from "../bpf/helpers/table.ts";
import { BpfLoadError } from "../bpf/load-error.ts";
import type { BpfMap } from "../bpf/maps/map.ts";
import { programTag } from "../bpf/tag.ts";
import { check } from "../bpf/verifier/check.ts";
import type { CallSequenceName } from "../jit/call/sequence.ts";
import { jitProgram, type JitedProgram } from "../jit/program.ts";
import { ImageMemory, jitTarget } from "./jit-memory.ts";
import type { Kernel } from "./kernel.ts";
import { Program } from "./program.ts";

/** How a program is loaded. */
export interface BpfLoadOptions {
  /** How calls among a program's functions name their callees; default aux-func. */
  readonly callEncoding?: CallEncodingName | undefined;
  /** How JITed code calls another function of its program; default auto-shrink. */
  readonly callSequence?: CallSequenceName | undefined;
  /** Whether programs are JITed (default) or left to the BPF interpreter. */
  readonly jit?: boolean | undefined;
  /** Whether images are named in kallsyms (default), as net.core.bpf_jit_kallsyms=1. */
  readonly kallsyms?: boolean | undefined;
  /** Whether programs are checked (default); if not, as lib/test_bpf.c loads, every stack has 512 bytes. */
  readonly verify?: boolean | undefined;
  /** What a checked program starts with: its context (default), or plain memory in r1 and its length in r2. */
  readonly start?: "context" | "memory" | undefined;
  /** Entries of maps by name, in place of the object's. */
  readonly mapMaxEntries?: ReadonlyMap<string, number> | undefined;
}

const TRACE_LINES = 4096;
const CALL_BASE = "__bpf_call_base";

/** Everything BPF of one kernel. */
export class Bpf {
  /** Maps, helpers, and the way from a linked program to a loaded one. */
  readonly core: BpfCore<JitedProgram>;
  /** Memory of JITed code. */
  readonly images: ImageMemory;
  /** What bpf_trace_printk has said last, oldest first: at most TRACE_LINES messages, as a trace buffer forgets. */
  readonly trace: string[] = [];
  readonly #kernel: Kernel;

  /** Puts the helpers into kernel text. */
  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.images = new ImageMemory(kernel);
    const addresses = new Map<number, U64>();
    this.core = new BpfCore<JitedProgram>({
      memory: kernel,
      helperAddress: (id) => addresses.get(id),
      bpfCallBase: kernel.text.bpfCallBase,
      now: () => kernel.clock(),
      seed: kernel.random.u32(),
      trace: (message) => {
        if (this.trace.push(message) > TRACE_LINES) this.trace.shift();
      },
    });
    for (const helper of helpers) {
      const call = (args: readonly [U64, U64, U64, U64, U64]): ReturnType<typeof helper.call> =>
        helper.call(this.core.helperContext, ...args);
      addresses.set(helper.id, kernel.addFunction({ symbol: helper.symbol, call }));
    }
  }

  /**
   * Takes an object apart; its maps are created once, with the first program that is loaded.
   * @param source bytes of an ELF file for BPF, or an object that was parsed before
   * @throws BpfLoadError for a file that cannot be used
   */
  load(source: Uint8Array | BpfObject, options: BpfLoadOptions = {}): LoadedObject {
    return new LoadedObject(this, source instanceof BpfObject ? source : BpfObject.parse(source), options);
  }

  /**
   * Loads one linked program, as BPF_PROG_LOAD does.
   * @param maps those that are there already, by name
   * @throws VerifierError, BpfLoadError or JitError; then nothing stays behind
   */
  loadProgram(
    program: LinkedProgram,
    options: BpfLoadOptions = {},
    maps: ReadonlyMap<string, BpfMap> = new Map(),
  ): Program {
    const sized = { ...program, maps: program.maps.map((map) => withMaxEntries(map, options.mapMaxEntries)) };
    const target = jitTarget(this.#kernel, options.callSequence ?? "auto-shrink");
    const { start = "context", verify = true } = options;
    const loaded = this.core.load(sized, {
      check: verify ? (linked, surroundings) => check(linked, { ...surroundings, start }) : undefined,
      maps,
      callEncoding: options.callEncoding,
      jit:
        options.jit === false
          ? undefined
          : (functions, encodeCalls) => jitProgram(functions, target, this.images, encodeCalls),
    });
    const tag = programTag(program.insns, program.endian);
    if (options.kallsyms !== false && loaded.jited !== undefined) this.#name(loaded.jited, sized, tag);
    return new Program({ kernel: this.#kernel, bpf: this, loaded, tag });
  }

  /** @linux kernel/bpf/core.c bpf_get_prog_name, bpf_prog_kallsyms_add */
  #name({ functions }: JitedProgram, { insns, endian, functions: linked }: LinkedProgram, tag: string): void {
    functions.forEach(({ name, code, bytes, index }) => {
      const { start, length } = linked[index] ?? { start: 0, length: 0 };
      const own = index === 0 ? tag : programTag(insns.slice(start, start + length), endian);
      this.#kernel.kallsyms.add({ name: `bpf_prog_${own}_${name}`, address: code, size: bytes, type: "t" });
    });
  }

  /** `__bpf_call_base` and a number of bytes from it: what a call's `imm` says. */
  calledAddress(imm: number): U64 {
    return (this.#kernel.kallsyms.address(CALL_BASE) ?? this.#kernel.text.bpfCallBase).add(u64(imm));
  }
}

function withMaxEntries(map: MapDefinition, sizes: ReadonlyMap<string, number> | undefined): MapDefinition {
  const maxEntries = sizes?.get(map.name);
  return maxEntries === undefined ? map : { ...map, maxEntries };
}

/** An object in this kernel: its programs share its maps. */
export class LoadedObject {
  readonly object: BpfObject;
  readonly #bpf: Bpf;
  readonly #options: BpfLoadOptions;
  readonly #maps = new Map<string, BpfMap>();

  constructor(bpf: Bpf, object: BpfObject, options: BpfLoadOptions) {
    this.#bpf = bpf;
    this.object = object;
    this.#options = options;
  }

  /**
   * Loads a program of the object.
   * @param name may be left out where the object has one program
   * @param type in place of what the section's name says
   * @throws BpfLoadError ENOENT where there is no such program, or several and no name; and what `loadProgram` throws
   */
  program(name?: string, type?: ProgType): Program {
    const linked = this.object.link(name ?? this.#onlyProgram(), type);
    const program = this.#bpf.loadProgram(linked, this.#options, this.#maps);
    for (const map of program.maps) this.#maps.set(map.definition.name, map);
    return program;
  }

  #onlyProgram(): string {
    const [first, ...others] = this.object.programs;
    if (first === undefined) throw new BpfLoadError("the object has no program", "ENOENT");
    if (others.length === 0) return first.name;
    const names = this.object.programs.map(({ name }) => name).join(", ");
    throw new BpfLoadError(`the object has several programs, one must be named: ${names}`, "ENOENT");
  }
}
