// One program out of an object: the main function, behind it every function it reaches, relocations applied.
import { isLdImm64, isPseudoCall, slotsOf, type Insn } from "../insn.ts";
import { BpfLoadError } from "../load-error.ts";
import {
  BPF_CALL,
  BPF_JMP,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
} from "../opcodes.ts";
import type { Btf } from "./btf.ts";
import type { Functions, ObjectFunction } from "./functions.ts";
import { kernelPrototype } from "./kfunc.ts";
import type { PlacedMap } from "./maps.ts";
import {
  SHF_EXECINSTR,
  SHN_UNDEF,
  STB_WEAK,
  STT_SECTION,
  type Elf,
  type ElfSymbol,
  type Relocation,
} from "./reader.ts";
import type { DeclaredFunction, LinkedFunction } from "./types.ts";

const R_BPF_NONE = 0;
const R_BPF_64_64 = 1;
const R_BPF_64_32 = 10;
/** Functions in one program [Linux BPF_MAX_SUBPROGS]. */
const MAX_FUNCTIONS = 256;
/** Slots in one program [Linux BPF_COMPLEXITY_LIMIT_INSNS]. */
const MAX_INSNS = 1_000_000;

export interface Linked {
  readonly insns: readonly Insn[];
  readonly functions: readonly LinkedFunction[];
  /** Start of each function of the object that is in the program. */
  readonly placed: ReadonlyMap<ObjectFunction, number>;
  /** Functions of the kernel, each once, in the order of their first calls. */
  readonly kfuncs: readonly DeclaredFunction[];
}

/** An object, as far as linking asks for it. */
export interface LinkInput {
  readonly elf: Elf;
  readonly functions: Functions;
  readonly maps: readonly PlacedMap[];
  /** Its types; asked for by calls of functions that it does not define. */
  readonly btf: () => Btf | undefined;
}

/**
 * Links one function with all it reaches by calls and by addresses, in the order in which they are met: a called
 * function stands before the callees of the instructions behind the call.
 * @throws BpfLoadError naming the function, the instruction in it, and what cannot be resolved.
 */
export function link(input: LinkInput, main: ObjectFunction): Linked {
  return new Linker(input).run(main);
}

class Linker {
  readonly #elf: Elf;
  readonly #functions: Functions;
  readonly #maps: readonly PlacedMap[];
  readonly #insns: Insn[] = [];
  readonly #placed = new Map<ObjectFunction, number>();
  readonly #btf: LinkInput["btf"];
  readonly #kfuncs: DeclaredFunction[] = [];

  constructor({ elf, functions, maps, btf }: LinkInput) {
    this.#elf = elf;
    this.#functions = functions;
    this.#maps = maps;
    this.#btf = btf;
  }

  run(main: ObjectFunction): Linked {
    this.#place(main);
    return {
      insns: this.#insns,
      placed: this.#placed,
      kfuncs: this.#kfuncs,
      functions: [...this.#placed].map(([f, start]) => ({ name: f.name, start, length: f.length })),
    };
  }

  /** Start of the function in the program; appends it with what it reaches when it is met for the first time. */
  #place(f: ObjectFunction): number {
    const known = this.#placed.get(f);
    if (known !== undefined) return known;
    const start = this.#insns.length;
    if (this.#placed.size === MAX_FUNCTIONS)
      throw new BpfLoadError(`more than ${MAX_FUNCTIONS} functions in one program`, "E2BIG");
    if (start + f.length > MAX_INSNS)
      throw new BpfLoadError(`more than ${MAX_INSNS} instructions in one program`, "E2BIG");
    this.#placed.set(f, start);
    for (let i = 0; i < f.length; i++) this.#insns.push(at(f, i));
    // Depth is bounded by MAX_FUNCTIONS.
    for (let i = 0; i < f.length; i += slotsOf(at(f, i))) this.#resolve(f, i, start + i);
    return start;
  }

  #resolve(f: ObjectFunction, i: number, slot: number): void {
    const insn = at(f, i);
    const relocation = f.code.relocations.get(f.start + i);
    if (relocation !== undefined && relocation.type !== R_BPF_NONE) {
      if (isLdImm64(insn)) this.#resolveAddress(f, i, slot, relocation);
      else this.#resolveCall(f, i, slot, relocation);
    } else if (isPseudoCall(insn)) {
      this.#fixCall(f, i, slot, f.code.section.index, f.start + i + 1 + insn.imm);
    } else if (isLdImm64(insn) && insn.src === BPF_PSEUDO_FUNC) {
      this.#fixCall(f, i, slot, f.code.section.index, f.start + i + 1 + insn.imm);
    }
  }

  #resolveCall(f: ObjectFunction, i: number, slot: number, { type, symbol }: Relocation): void {
    const insn = at(f, i);
    if (insn.code !== (BPF_JMP | BPF_CALL))
      throw fault(
        f,
        i,
        `relocation of type ${type} to ${symbol.name} at opcode 0x${insn.code.toString(16)}, which has no address`,
      );
    if (type !== R_BPF_64_32 || insn.src !== BPF_PSEUDO_CALL)
      throw fault(f, i, `call of ${symbol.name} by relocation type ${type} with src ${insn.src}`);
    if (symbol.section === SHN_UNDEF) {
      this.#insns[slot] = {
        ...insn,
        src: BPF_PSEUDO_KFUNC_CALL,
        imm: this.#kernelFunction(f, i, symbol),
      };
      return;
    }
    // The addend counts slots from behind the call, so that -1 is the symbol itself.
    const target = symbol.value / 8 + insn.imm + 1;
    this.#fixCall(f, i, slot, symbol.section, target);
  }

  /** Index of a function that the kernel is to have. @linux tools/lib/bpf/libbpf.c bpf_object__collect_externs */
  #kernelFunction(f: ObjectFunction, i: number, { name, bind }: ElfSymbol): number {
    const known = this.#kfuncs.findIndex((kfunc) => kfunc.name === name);
    if (known >= 0) return known;
    const btf = this.#btf();
    const why =
      btf === undefined ? "the object has no BTF (clang -g)" : "no declaration of it in section .ksyms";
    const prototype = btf === undefined ? undefined : kernelPrototype(btf, name);
    if (prototype === undefined)
      throw fault(
        f,
        i,
        `call of ${name}, which is not defined: ${why}`,
        btf === undefined ? "ESRCH" : "ENOENT",
      );
    const declared = bind === STB_WEAK ? { ...prototype, isWeak: true } : prototype;
    return this.#kfuncs.push(declared) - 1;
  }

  #isKernelFunction(name: string): boolean {
    const btf = this.#btf();
    return btf !== undefined && kernelPrototype(btf, name) !== undefined;
  }

  /** Gives the instruction the distance to a function that starts at a slot of a section. */
  #fixCall(
    f: ObjectFunction,
    i: number,
    slot: number,
    section: number,
    target: number,
    src = at(f, i).src,
  ): void {
    const callee = this.#functions.at(section, target);
    if (callee === undefined) {
      const name = this.#elf.sections[section]?.name ?? `number ${section}`;
      throw fault(f, i, `no function starts at instruction ${target} of section ${name}`);
    }
    this.#insns[slot] = { ...at(f, i), src, imm: this.#place(callee) - slot - 1 };
  }

  #resolveAddress(f: ObjectFunction, i: number, slot: number, { type, symbol }: Relocation): void {
    const insn = at(f, i);
    const next = this.#insns[slot + 1];
    if (next === undefined || i + 1 >= f.length)
      throw fault(f, i, "the function ends in the middle of BPF_LD_IMM64");
    if (type !== R_BPF_64_64)
      throw fault(f, i, `address of ${symbol.name} by relocation type ${type}, not ${R_BPF_64_64}`);
    if (symbol.section === SHN_UNDEF && this.#isKernelFunction(symbol.name)) {
      this.#insns[slot] = { ...insn, src: BPF_PSEUDO_BTF_ID, imm: this.#kernelFunction(f, i, symbol) };
      return;
    }
    if (symbol.section === SHN_UNDEF)
      throw fault(f, i, `extern ${symbol.name} (kconfig or ksym) is not supported`, "EOPNOTSUPP");
    const section = this.#elf.sections[symbol.section];
    const name = symbol.type === STT_SECTION ? (section?.name ?? "") : symbol.name;
    if (section === undefined) throw fault(f, i, `${name} is in no section (number ${symbol.section})`);
    const offset = symbol.value + insn.imm;
    if ((section.flags & SHF_EXECINSTR) !== 0) {
      this.#fixCall(f, i, slot, section.index, offset / 8, BPF_PSEUDO_FUNC);
      return;
    }
    const index = this.#maps.findIndex(
      (m) => m.section === section.index && (m.isData || m.offset === offset),
    );
    const map = this.#maps[index];
    if (map === undefined)
      throw fault(
        f,
        i,
        `${name} at byte ${offset} of section ${section.name} is neither map, data nor function`,
      );
    if (!map.isData) {
      this.#insns[slot] = { ...insn, src: BPF_PSEUDO_MAP_FD, imm: index };
      return;
    }
    if (this.#elf.relocations(section).length > 0)
      throw fault(
        f,
        i,
        `${name}: section ${section.name} holds addresses, which are not known before loading`,
        "EOPNOTSUPP",
      );
    if (offset < 0 || offset > section.size)
      throw fault(f, i, `${name}: byte ${offset} is outside of section ${section.name}`);
    this.#insns[slot] = { ...insn, src: BPF_PSEUDO_MAP_VALUE, imm: index };
    this.#insns[slot + 1] = { ...next, imm: offset };
  }
}

function at(f: ObjectFunction, i: number): Insn {
  const insn = f.code.insns[f.start + i];
  if (insn === undefined) throw new BpfLoadError(`function ${f.name}: no instruction ${i}`);
  return insn;
}

const fault = (f: ObjectFunction, i: number, message: string, errno = "EINVAL"): BpfLoadError =>
  new BpfLoadError(
    `function ${f.name} in section ${f.code.section.name}, instruction ${i}: ${message}`,
    errno,
  );
