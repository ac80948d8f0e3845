// The BPF part of a kernel: its maps, its helpers' surroundings, and the way of a linked program to a loaded one.
import type { U64 } from "../../word/long.ts";
import { hex64, u64 } from "../../word/long.ts";
import type { LinkedProgram, MapDefinition } from "../elf/types.ts";
import type { Helper, HelperContext } from "../helpers/context.ts";
import { createRandom } from "../helpers/random.ts";
import { helpers, isPermitted } from "../helpers/table.ts";
import { BpfLoadError } from "../load-error.ts";
import { createMap } from "../maps/create.ts";
import type { BpfMap } from "../maps/map.ts";
import type { KernelMemory } from "../memory.ts";
import { MAX_BPF_STACK } from "../opcodes.ts";
import { programType } from "../types/table.ts";
import type { Checked, CheckOptions } from "../verifier/checked.ts";
import { VerifierError } from "../verifier/error.ts";
import type { CallEncodingName } from "./encoding/encoding.ts";
import { callEncodingNamed } from "./encoding/table.ts";
import {
  calledFunction,
  kfuncOf,
  POISON_CALL_KFUNC_BASE,
  resolveKfuncs,
  type OfferedFunction,
} from "./kfuncs.ts";
import { encodeCalls, rewrite, split } from "./load.ts";
import { LoadedProgram } from "./loaded.ts";
import type { BpfFunction, Jit, JitedImages } from "./prog.ts";

export interface BpfEnvironment {
  readonly memory: KernelMemory;
  /** Address of a helper's function in kernel text; undefined where the kernel has none of this number. */
  readonly helperAddress: (id: number) => U64 | undefined;
  /** Address of __bpf_call_base. */
  readonly bpfCallBase: U64;
  /** Address of the struct bpf_map_ops of maps of a type; where there is none, maps have none. */
  readonly mapOps?: (type: string) => U64 | undefined;
  /** Nanoseconds since boot. */
  readonly now: () => U64;
  /** Seed of hashes and of bpf_get_prandom_u32; 0 when not given. */
  readonly seed?: number;
  /** Number of the one CPU; 0 when not given. */
  readonly cpu?: number;
  /** Gets every message of bpf_trace_printk. */
  readonly trace?: (message: string) => void;
  /** What the kernel offers to programs beside helpers, by name; throws where it has nothing of the kind. */
  readonly kernelFunction?: (name: string) => OfferedFunction | undefined;
  /** What bpf_trace_printk prints for an address that it does not show; the address when not given. */
  readonly pointerText?: HelperContext["pointerText"];
}

export interface LoadOptions<J extends JitedImages = JitedImages> {
  /** Refuses programs. Not given: as lib/test_bpf.c loads, nothing is checked and every stack has 512 bytes. */
  readonly check?: ((program: LinkedProgram, options: CheckOptions) => Checked) | undefined;
  /** Maps that are there already, by name; those of the object that are missing here, or have been freed, are created. */
  readonly maps?: ReadonlyMap<string, BpfMap> | undefined;
  /** Compiles the program. Without it the program can only be interpreted. */
  readonly jit?: Jit<J> | undefined;
  /** How calls among its functions name their callees; default aux-func. */
  readonly callEncoding?: CallEncodingName | undefined;
}

const digits = (address: U64): string => hex64(address).slice(2);

/** Everything BPF in one kernel. */
export class BpfCore<J extends JitedImages = JitedImages> {
  readonly #environment: BpfEnvironment;
  /** By the low 52 bits of their addresses, which a number holds exactly. */
  readonly #maps = new Map<number, BpfMap>();
  /** Programs and others that need a map. */
  readonly #holders = new Map<BpfMap, number>();
  readonly #random: () => number;
  #lastMapId = 0;
  /** Functions of all programs by their numbers. DIVERGES(bpf_prog_alloc_id): Linux numbers whole programs, here functions are. */
  readonly #functions = new Map<number, BpfFunction>();
  #lastProgramId = 0;
  /** What helpers see of this kernel. */
  readonly helperContext: HelperContext;

  constructor(environment: BpfEnvironment) {
    this.#environment = environment;
    this.#random = createRandom(environment.seed ?? 0);
    this.helperContext = {
      memory: environment.memory,
      map: (address) => {
        const map = this.#maps.get(low52(address));
        return map?.address.eq(address) === true ? map : undefined;
      },
      now: environment.now,
      random: this.#random,
      cpu: environment.cpu ?? 0,
      trace: environment.trace ?? (() => undefined),
      pointerText: environment.pointerText ?? digits,
    };
  }

  /** The caller holds the map until `freeMap`. @throws BpfLoadError EINVAL, E2BIG, ENOMEM as BPF_MAP_CREATE. */
  createMap(definition: MapDefinition): BpfMap {
    const { memory, mapOps } = this.#environment;
    const ops = mapOps?.(definition.type);
    const map = createMap(++this.#lastMapId, definition, { memory, random: this.#random, ops });
    this.#maps.set(low52(map.address), map);
    this.#holders.set(map, 1);
    return map;
  }

  /** Gives up one hold on a map; its memory goes with the last. */
  freeMap(map: BpfMap): void {
    const holders = this.#holders.get(map);
    if (holders === undefined) throw new Error(`map "${map.definition.name}" has been freed before`);
    if (holders > 1) {
      this.#holders.set(map, holders - 1);
      return;
    }
    this.#holders.delete(map);
    this.#maps.delete(low52(map.address));
    map.free();
  }

  /** One more hold on a map that is there already; undefined where it has been freed. */
  #share(map: BpfMap | undefined): BpfMap | undefined {
    const holders = map === undefined ? undefined : this.#holders.get(map);
    if (map === undefined || holders === undefined) return undefined;
    this.#holders.set(map, holders + 1);
    return map;
  }

  /**
   * @throws VerifierError for what the check or a context refuses, BpfLoadError for maps and the rest, and what the JIT
   *   throws; nothing stays allocated then
   */
  load(named: LinkedProgram, options: LoadOptions<J> = {}): LoadedProgram<J> {
    const { memory, bpfCallBase, kernelFunction = () => undefined } = this.#environment;
    const { program, kfuncs } = resolveKfuncs(named, kernelFunction);
    const type = programType(program.type);
    if (options.check !== undefined && type === undefined)
      throw new BpfLoadError(`programs of type ${program.type} cannot be loaded`, "EINVAL");
    if (program.endian !== memory.endian)
      throw new BpfLoadError(`a program for ${program.endian} on a kernel that is ${memory.endian}`);
    const helperById = (id: number): Helper | undefined => helpers.find((h) => h.id === id && id > 0);
    const permitted = (id: number): boolean => {
      const missing = named.kfuncs?.[id - POISON_CALL_KFUNC_BASE];
      if (missing !== undefined) throw notResolved(missing.name);
      const helper = helperById(id);
      return helper !== undefined && isPermitted(helper, program.type);
    };
    const helperName = (id: number): string | undefined => {
      const name = helperById(id)?.name;
      return name === undefined ? undefined : `bpf_${name}`;
    };
    const called: NonNullable<CheckOptions["kernelFunction"]> = (call) => {
      const kfunc = kfuncOf(kfuncs, call);
      return kfunc === undefined
        ? undefined
        : { prototype: kfunc.prototype, flags: kfunc.offered.flags(program.type) };
    };
    const surroundings = {
      helper: permitted,
      helperName,
      kernelFunction: called,
      isJitRequested: options.jit !== undefined,
    };
    const checked = options.check?.(program, surroundings) ?? unchecked(program);
    const maps: BpfMap[] = [];
    const held: (() => void)[] = [];
    const loaded: BpfFunction[] = [];
    const release = (): void => {
      maps.forEach((map) => this.freeMap(map));
      for (const { id } of loaded) this.#functions.delete(id);
      held.forEach((letGo) => {
        letGo();
      });
    };
    try {
      for (const { offered } of kfuncs) held.push(offered.hold());
      for (const definition of program.maps)
        maps.push(this.#share(options.maps?.get(definition.name)) ?? this.createMap(definition));
      const helperImm = (id: number): number | undefined => this.#helperImm(id);
      const xlated = rewrite(program, checked, type, { helperImm, maps });
      const callEncoding = callEncodingNamed(options.callEncoding ?? "aux-func");
      const functions = split(xlated, checked, maps, {
        callEncoding,
        functionById: (id) => this.#functions.get(id),
        kernelFunction: (call) => {
          const kfunc = kfuncOf(kfuncs, call);
          return kfunc === undefined ? undefined : calledFunction(kfunc);
        },
        firstId: this.#lastProgramId + 1,
      });
      this.#lastProgramId += functions.length;
      for (const fn of functions) this.#functions.set(fn.id, fn);
      loaded.push(...functions);
      const interpreted = functions.map(({ name, insns }) => ({ name, insns }));
      const jited = options.jit?.(functions, () => encodeCalls(functions, xlated, bpfCallBase));
      if (jited === undefined && kfuncs.length > 0)
        throw new BpfLoadError("JIT is required for calling kernel function", "ENOTSUPP");
      return new LoadedProgram<J>({
        id: functions[0]?.id ?? 0,
        program,
        type,
        checked,
        xlated,
        functions,
        interpreted,
        maps,
        jited,
        memory,
        helper: (imm) => this.#helperByImm(imm),
        release,
      });
    } catch (error) {
      release();
      throw error;
    }
  }

  #helperImm(id: number): number | undefined {
    const address = this.#environment.helperAddress(id);
    if (address === undefined) return undefined;
    const distance = address.sub(this.#environment.bpfCallBase).toSigned();
    if (!distance.eq(distance.toInt()))
      throw new VerifierError({
        errno: "ERANGE",
        message: `helper ${id} is out of reach of __bpf_call_base`,
      });
    return distance.toInt();
  }

  #helperByImm(imm: number): ReturnType<LoadedProgramHelper> {
    const address = this.#environment.bpfCallBase.add(u64(imm));
    const helper = helpers.find(({ id }) => this.#environment.helperAddress(id)?.eq(address) === true);
    if (helper === undefined) return undefined;
    return (...args) => helper.call(this.helperContext, ...args);
  }
}

/** As libbpf puts it where the verifier has met a call of nothing. @linux tools/lib/bpf/libbpf.c fixup_log_missing_kfunc_call */
const notResolved = (name: string): VerifierError =>
  new VerifierError({ errno: "EINVAL", message: `kfunc '${name}' is referenced but wasn't resolved` });

type LoadedProgramHelper = ConstructorParameters<typeof LoadedProgram>[0]["helper"];

const low52 = ({ high, low }: U64): number => (high & 0xf_ffff) * 2 ** 32 + (low >>> 0);

function unchecked(program: LinkedProgram): Checked {
  const functions = program.functions.map((f) => ({ ...f, stackDepth: MAX_BPF_STACK, usesTailCall: false }));
  return { functions, contextAccesses: new Set(), processedInsns: 0 };
}
