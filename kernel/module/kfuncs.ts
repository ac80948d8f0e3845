// What a module offers to BPF programs: the sets of .BTF_ids that its init registers. A module without that section, one that was
// built without the kernel's build, offers what it exports. Prototypes come from the module's types, where it has its own.
import { u64, type U64 } from "../../word/long.ts";
import { Btf } from "../../bpf/elf/btf.ts";
import { definedPrototype } from "../../bpf/elf/kfunc.ts";
import type { ProgType } from "../../bpf/elf/types.ts";
import type { KfuncPrototype } from "../../bpf/kfunc.ts";
import { BpfLoadError } from "../../bpf/load-error.ts";
import type { ModuleFile } from "./file.ts";
import type { LoadedSymbol } from "./module.ts";

const SECTION = ".BTF_ids";
/** Labels of sets and of their entries; behind a name stand numbers that make it unique. @linux include/linux/btf_ids.h */
const SET = /^__BTF_ID__set8__/;
const ENTRY = /^__BTF_ID__func__(.+?)__\d+$/;
/** Bytes of struct btf_id_set8 before its pairs of id and flags. */
const SET_HEADER = 8;

/** An entry of a set. */
export interface KfuncEntry {
  readonly name: string;
  /** Of its 32 bits of flags. */
  readonly flagsAt: U64;
}

/** Of one module: who may call what, and prototypes. */
export class ModuleKfuncs {
  /** Whether it has sets; only what is registered of them is offered then. */
  readonly hasSets: boolean;
  readonly #btf: Btf | undefined;
  readonly #symbols: readonly LoadedSymbol[];
  /** Flags by program type, `unspec` for all, and name. */
  readonly #registered = new Map<string, number>();

  /** @param symbols those of the module in memory */
  constructor({ endian, sections }: ModuleFile, symbols: readonly LoadedSymbol[]) {
    this.hasSets = sections.some(({ name }) => name === SECTION);
    const types = sections.find(({ name }) => name === ".BTF");
    this.#btf = types === undefined ? undefined : readBtf(types.data, endian);
    this.#symbols = symbols.filter(({ name }) => SET.test(name) || ENTRY.test(name));
  }

  /** The entries of the set at this address; undefined where none is. */
  setAt(address: U64): readonly KfuncEntry[] | undefined {
    const set = this.#symbols.find((symbol) => SET.test(symbol.name) && symbol.address.eq(address));
    if (set === undefined) return undefined;
    return this.#symbols.flatMap(({ name, address: at }) => {
      const [, called] = ENTRY.exec(name) ?? [];
      const offset = at.sub(address);
      const isInside = offset.gte(u64(SET_HEADER)) && offset.lt(u64(set.size));
      return called === undefined || !isInside ? [] : [{ name: called, flagsAt: at.add(4) }];
    });
  }

  /** From now on programs of this type, with `unspec` all, may call the function. */
  register(type: ProgType, name: string, flags: number): void {
    this.#registered.set(`${type} ${name}`, flags);
  }

  /** KF_… of a function for programs of a type; undefined where they may not call it. */
  flags(name: string, type: ProgType): number | undefined {
    return this.#registered.get(`${type} ${name}`) ?? this.#registered.get(`unspec ${name}`);
  }

  /** Undefined where the module's types do not say it. */
  prototype(name: string): KfuncPrototype | undefined {
    return this.#btf === undefined ? undefined : definedPrototype(this.#btf, name);
  }
}

/** Types that build on the kernel's, which are not modelled, cannot be read, and broken ones say nothing either. */
function readBtf(bytes: Uint8Array, endian: "le" | "be"): Btf | undefined {
  try {
    return new Btf(bytes, endian);
  } catch (error) {
    if (error instanceof BpfLoadError) return undefined;
    throw error;
  }
}
