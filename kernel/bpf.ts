// BPF in this kernel: objects and programs are loaded, JITed into guest memory and named in kallsyms.
// How a program runs is program.ts's; the BPF core itself is bpf/'s and the compiler jit/'s.
import { u64, type U64 } from "../word/long.ts";
import { BpfCore } from "../bpf/core/core.ts";
import type { CallEncodingName } from "../bpf/core/encoding/encoding.ts";
import type { Jit } from "../bpf/core/prog.ts";
import { BpfObject, type LinkedProgram, type MapDefinition, type ProgType } from "../bpf/elf/object.ts";
import { helpers } from "../bpf/helpers/table.ts";
import type { LoadedProgram } from "../bpf/core/loaded.ts";
import type { Btf } from "../bpf/elf/btf.ts";
import type { LinkedFunction } from "../bpf/elf/types.ts";
import { BpfLoadError } from "../bpf/load-error.ts";
import type { BpfMap } from "../bpf/maps/map.ts";
import { programTag } from "../bpf/tag.ts";
import { check } from "../bpf/verifier/check.ts";
import {
  checkUnprivileged,
  checkUnprivilegedLoad,
  isUnprivilegedHelper,
} from "../bpf/verifier/unprivileged.ts";
import type { CallSequenceName, HelperSequenceName } from "../jit/call/sequence.ts";
import type { PassLog } from "../jit/compile.ts";
import { JitError } from "../jit/error.ts";
import { jitProgram, type JitedProgram } from "../jit/program.ts";
import { symbolAt } from "./functions/printk.ts";
import { ImageMemory, jitTarget } from "./jit-memory.ts";
import type { Kernel } from "./kernel.ts";
import { KernelFunctions } from "./kfuncs.ts";
import { addMapOps } from "./map-ops.ts";
import { Program } from "./program.ts";

/** How a program is loaded. */
export interface BpfLoadOptions {
  /** Whether the user has CAP_BPF (default). Without it less is permitted, and images are not named in kallsyms. */
  readonly privileged?: boolean | undefined;
  /** How calls among a program's functions name their callees; default aux-func. */
  readonly callEncoding?: CallEncodingName | undefined;
  /** How JITed code calls another function of its program; default auto-shrink. */
  readonly callSequence?: CallSequenceName | undefined;
  /** Told each pass of the JIT as it ends, also before an error. */
  readonly onPass?: ((pass: PassLog) => void) | undefined;
  /** How it calls a function of the kernel or of a module; default toc-relative. */
  readonly helperSequence?: HelperSequenceName | undefined;
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

/** Who loads programs without CAP_BPF. */
const USER = 1000;

/** Everything BPF of one kernel. */
export class Bpf {
  /** Maps, helpers, and the way from a linked program to a loaded one. */
  readonly core: BpfCore<JitedProgram>;
  /** Memory of JITed code. */
  readonly images: ImageMemory;
  /** What bpf_trace_printk has said last, oldest first: at most TRACE_LINES messages, as a trace buffer forgets. */
  readonly trace: string[] = [];
  readonly #kernel: Kernel;
  /** Of functions, by their numbers. */
  readonly #names = new Map<number, string>();
  /** Number 1 and on. */
  readonly #btfs: Btf[] = [];

  /** Puts the helpers into kernel text. */
  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.images = new ImageMemory(kernel);
    const addresses = new Map<number, U64>();
    this.core = new BpfCore<JitedProgram>({
      memory: kernel,
      helperAddress: (id) => addresses.get(id),
      bpfCallBase: kernel.text.bpfCallBase,
      mapOps: (type) => mapOps.get(type),
      kernelFunction: (name) => kfuncs.find(name),
      now: () => kernel.clock(),
      seed: kernel.random.u32(),
      trace: (message) => {
        if (this.trace.push(message) > TRACE_LINES) this.trace.shift();
      },
      pointerText: (address, kind) =>
        kind === ""
          ? kernel.pointerHash.printed(address, kernel.layout.version)
          : symbolAt(kernel, address, kind !== "s"),
    });
    const kfuncs = new KernelFunctions(kernel);
    const mapOps = addMapOps(kernel.text, () => this.core.helperContext);
    for (const helper of helpers) {
      const call = (args: readonly [U64, U64, U64, U64, U64]): ReturnType<typeof helper.call> =>
        helper.call(this.core.helperContext, ...args);
      const guestCode = kernel.text.guestCode(helper.symbol);
      const symbol = helper.symbol;
      addresses.set(helper.id, guestCode ?? kernel.addFunction({ symbol, call, exported: true }));
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
   * @throws VerifierError, BpfLoadError or JitError, and JitBug, which no program may bring about; then nothing stays behind
   */
  loadProgram(
    program: LinkedProgram,
    options: BpfLoadOptions = {},
    maps: ReadonlyMap<string, BpfMap> = new Map(),
  ): Program {
    const { privileged = true } = options;
    if (!privileged) checkUnprivilegedLoad(program);
    const sized = { ...program, maps: program.maps.map((map) => withMaxEntries(map, options.mapMaxEntries)) };
    const { callSequence = "auto-shrink", helperSequence = "toc-relative" } = options;
    const target = jitTarget(this.#kernel, { callSequence, helperSequence });
    const { start = "context", verify = true } = options;
    const loaded = this.core.load(sized, {
      check: verify
        ? (linked, surroundings) => {
            if (privileged) return check(linked, { ...surroundings, start });
            checkUnprivileged(linked);
            const helper = (id: number): boolean =>
              isUnprivilegedHelper(id) && surroundings.helper?.(id) !== false;
            return check(linked, { ...surroundings, helper, start });
          }
        : undefined,
      maps,
      callEncoding: options.callEncoding,
      jit:
        options.jit === false
          ? undefined
          : unlessOverLimit((functions, encodeCalls) =>
              jitProgram(functions, target, this.images.chargedTo(privileged), encodeCalls, options.onPass),
            ),
    });
    const tag = programTag(loaded.linked.insns, program.endian);
    const names = functionNames(loaded.linked, loaded.checked.functions, tag);
    names.forEach((name, index) => this.#names.set(loaded.id + index, name));
    if (privileged) this.#addSymbols(loaded, names, options.kallsyms === false);
    const { source } = program;
    return new Program({
      kernel: this.#kernel,
      bpf: this,
      loaded,
      tag,
      uid: privileged ? 0 : USER,
      loadTime: this.#kernel.clock(),
      btfId: source === undefined ? 0 : this.#btfId(source.btf),
    });
  }

  /** Forgets the names of a program's functions; `Program.free` calls it. */
  forget({ id, functions }: LoadedProgram): void {
    functions.forEach((_, index) => this.#names.delete(id + index));
  }

  /** `bpf_prog_TAG_NAME` of a function by its number among the kernel's programs. */
  nameOfId(id: number): string | undefined {
    return this.#names.get(id);
  }

  /** Types of an object, by `btf_id` of its programs. */
  btf(id: number): Btf | undefined {
    return this.#btfs[id - 1];
  }

  #btfId(btf: Btf): number {
    const known = this.#btfs.indexOf(btf) + 1;
    return known > 0 ? known : this.#btfs.push(btf);
  }

  /** A symbol covers an image with its descriptor. @linux kernel/bpf/core.c bpf_prog_kallsyms_add */
  #addSymbols({ jited }: LoadedProgram<JitedProgram>, names: readonly string[], isHidden: boolean): void {
    for (const { image, code, bytes, index } of jited?.functions ?? [])
      this.#kernel.kallsyms.add({
        name: names[index] ?? "",
        address: image,
        size: bytes + code.sub(image).toNumber(),
        type: "t",
        module: "bpf",
        isHidden,
      });
  }

  /** `__bpf_call_base` and a number of bytes from it: what a call's `imm` says. */
  calledAddress(imm: number): U64 {
    return (this.#kernel.kallsyms.address(CALL_BASE) ?? this.#kernel.text.bpfCallBase).add(u64(imm));
  }
}

/** Of each function. @linux kernel/bpf/core.c bpf_get_prog_name */
function functionNames(
  { insns, endian }: LinkedProgram,
  functions: readonly LinkedFunction[],
  tag: string,
): readonly string[] {
  return functions.map(({ name, start, length }, index) => {
    const own = index === 0 ? tag : programTag(insns.slice(start, start + length), endian);
    return `bpf_prog_${own}_${name}`;
  });
}

/** Without JITed code where bpf_jit_limit does not allow any. @linux kernel/bpf/core.c bpf_prog_select_runtime, without BPF_JIT_ALWAYS_ON */
function unlessOverLimit(jit: Jit<JitedProgram>): Jit<JitedProgram> {
  return (functions, encodeCalls) => {
    try {
      return jit(functions, encodeCalls);
    } catch (error) {
      if (error instanceof JitError && error.errno === "EPERM") return undefined;
      throw error;
    }
  };
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
