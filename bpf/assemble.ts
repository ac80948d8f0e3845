// BPF assembly in LLVM's syntax to instructions: labels, distances, functions. Data and relocations are not assembled:
// what needs maps is an ELF object.
import { readSource, type SourceItem } from "./assemble/source.ts";
import { assembleStatement, StatementError, type Statement } from "./assemble/statement.ts";
import type { LinkedFunction, LinkedProgram, ProgType } from "./elf/types.ts";
import type { Endian, Insn } from "./insn.ts";
import { BpfLoadError } from "./load-error.ts";
import { BPF_PSEUDO_CALL } from "./opcodes.ts";

export interface AssembleOptions {
  /** Number of the helper of this name (`map_lookup_elem`), so that `call bpf_map_lookup_elem` can be written. */
  readonly helper?: (name: string) => number | undefined;
}

export interface Assembled {
  readonly insns: readonly Insn[];
  /** Slots of named labels. */
  readonly labels: ReadonlyMap<string, number>;
  /** The first function starts at slot 0; the others at labels that are called or have `.type NAME, @function`. */
  readonly functions: readonly LinkedFunction[];
  /** License of a `license` section's `.asciz`, or undefined. */
  readonly license: string | undefined;
}

interface Pending {
  readonly slot: number;
  readonly line: number;
  readonly target: NonNullable<Statement["target"]>;
}

// Directives that say nothing about instructions; anything else that makes data is refused.
const IGNORED = new Set(
  (
    "section text globl global type size file p2align align balign ident addrsig addrsig_sym weak local hidden " +
    "cfi_startproc cfi_endproc cfi_sections loc set data bss rodata previous popsection pushsection"
  ).split(" "),
);
const DATA = new Set(
  "byte short hword long quad word octa zero space skip fill ascii asciz string".split(" "),
);
const NOT_CODE = /^\.?(maps|license|version|data|rodata|bss|debug|BTF|llvm|note|comment|rel)/;

/**
 * Assembles a whole text. Sections with programs are put one after another in the order in which they stand, .text behind
 * them.
 * @throws BpfLoadError `line N: …`.
 */
export function assemble(text: string, options: AssembleOptions = {}): Assembled {
  const insns: Insn[] = [];
  const labels = new Map<string, number>();
  const numeric: { readonly name: string; readonly slot: number }[] = [];
  const pending: Pending[] = [];
  const functionNames = new Set<string>();
  let license: string | undefined;
  for (const { item, section } of inOrder(readSource(text))) {
    switch (item.kind) {
      case "label":
        if (NOT_CODE.test(section)) break;
        if (/^\d/.test(item.name)) numeric.push({ name: item.name, slot: insns.length });
        else if (labels.has(item.name)) throw at(item, `label ${item.name} is defined twice`);
        else labels.set(item.name, insns.length);
        break;
      case "directive":
        if (item.name === "type" && /[@%]function/.test(item.rest))
          functionNames.add(item.rest.split(",")[0]?.trim() ?? "");
        if (section === "license" && /^asci[iz]|string$/.test(item.name))
          license = /"(.*?)(?:\\0|\\000)?"/.exec(item.rest)?.[1];
        checkDirective(item, section);
        break;
      case "insn": {
        if (NOT_CODE.test(section)) throw at(item, `instruction in section ${section}`);
        const statement = parse(item);
        if (statement.target !== undefined)
          pending.push({ slot: insns.length, line: item.line, target: statement.target });
        insns.push(...statement.insns);
        break;
      }
    }
  }
  const starts = new Set<number>();
  for (const [name, slot] of labels) if (functionNames.has(name) && slot < insns.length) starts.add(slot);
  const slotOf = (name: string, from: number): number | undefined => {
    const local = /^(\d+)([bf])$/.exec(name);
    if (local === null) return labels.get(name);
    const same = numeric.filter((l) => l.name === local[1]);
    return local[2] === "b"
      ? same.findLast((l) => l.slot <= from)?.slot
      : same.find((l) => l.slot > from)?.slot;
  };
  for (const reference of pending) resolve(insns, reference, slotOf, starts, options);
  return { insns, labels, functions: functionsAt(starts, labels, insns.length), license };
}

/**
 * Assembles a text that is one program with its subprograms. The first function is the main one.
 * @throws BpfLoadError as `assemble`, and for a text without instructions.
 */
export function assembleProgram(
  text: string,
  program: {
    readonly type: ProgType;
    readonly endian: Endian;
    readonly name?: string;
    readonly license?: string;
  },
  options: AssembleOptions = {},
): LinkedProgram {
  const { insns, functions, license } = assemble(text, options);
  const main = functions[0];
  if (main === undefined) throw new BpfLoadError("no instructions");
  return {
    name: program.name ?? main.name,
    type: program.type,
    endian: program.endian,
    insns,
    functions,
    maps: [],
    license: license ?? program.license ?? "GPL",
  };
}

const at = (item: { readonly line: number }, message: string): BpfLoadError =>
  new BpfLoadError(`line ${item.line}: ${message}`);

function parse(item: SourceItem & { kind: "insn" }): Statement {
  try {
    return assembleStatement(item.text);
  } catch (error) {
    throw error instanceof StatementError ? at(item, error.message) : error;
  }
}

function sectionAfter(item: SourceItem & { kind: "directive" }, section: string): string {
  if (item.name === "section" || item.name === "pushsection")
    return item.rest.split(",")[0]?.trim().replaceAll('"', "") ?? section;
  return ["text", "data", "bss", "rodata"].includes(item.name) ? `.${item.name}` : section;
}

/** Items with their sections, .text last: it has the subprograms of what stands in named sections. */
function inOrder(
  items: readonly SourceItem[],
): readonly { readonly item: SourceItem; readonly section: string }[] {
  let section = ".text";
  const placed = items.map((item) => {
    if (item.kind === "directive") section = sectionAfter(item, section);
    return { item, section };
  });
  const isText = (p: { readonly section: string }): boolean => p.section === ".text";
  return [...placed.filter((p) => !isText(p)), ...placed.filter(isText)];
}

function checkDirective(item: SourceItem & { kind: "directive" }, section: string): void {
  if (IGNORED.has(item.name) || /^\.(debug|BTF|llvm|note|comment)/.test(section)) return;
  if (!DATA.has(item.name)) throw at(item, `unknown directive .${item.name}`);
  if (section === "license") return;
  throw at(item, `.${item.name} makes data in section ${section}: only instructions can be assembled`);
}

function resolve(
  insns: Insn[],
  { slot, line, target }: Pending,
  slotOf: (name: string, from: number) => number | undefined,
  starts: Set<number>,
  options: AssembleOptions,
): void {
  const insn = insns[slot];
  if (insn === undefined) return;
  const text = target.text.replace(/\s*<[^>]*>$/, "").trim();
  const number = /^[+-]?\s*(0x[0-9a-fA-F]+|\d+)$/.test(text)
    ? Number(text.replaceAll(/[\s+]/g, ""))
    : undefined;
  if (target.kind === "call") {
    const to = slotOf(text, slot);
    if (to !== undefined) {
      starts.add(to);
      insns[slot] = { ...insn, src: BPF_PSEUDO_CALL, imm: to - slot - 1 };
      return;
    }
    const id = number ?? options.helper?.(text.replace(/^bpf_/, ""));
    if (id === undefined) throw at({ line }, `call of ${text}, which is no label, number or helper`);
    if (id < -0x8000_0000 || id > 0x7fff_ffff) throw at({ line }, `call of ${text} needs more than 32 bits`);
    insns[slot] = { ...insn, imm: id };
    return;
  }
  const to = slotOf(text, slot);
  if (target.kind === "address") {
    if (to === undefined)
      throw at({ line }, `${text} is no label: data and maps are only in objects (clang -c)`);
    starts.add(to);
    insns[slot] = { ...insn, imm: to - slot - 1 };
    return;
  }
  const distance = to === undefined ? number : to - slot - 1;
  if (distance === undefined) throw at({ line }, `label ${text} is not defined`);
  const limit = target.field === "off" ? 0x8000 : 0x8000_0000;
  if (distance < -limit || distance >= limit)
    throw at(
      { line },
      `jump of ${distance} instructions to ${text} needs more than ${target.field === "off" ? 16 : 32} bits`,
    );
  insns[slot] = { ...insn, [target.field]: distance };
}

function functionsAt(
  starts: Set<number>,
  labels: ReadonlyMap<string, number>,
  end: number,
): readonly LinkedFunction[] {
  if (end === 0) return [];
  const sorted = [...starts.add(0)].filter((start) => start < end).sort((a, b) => a - b);
  return sorted.map((start, i) => {
    const named = [...labels].find(([name, slot]) => slot === start && !name.startsWith(".L"));
    const name = named?.[0] ?? (start === 0 ? "main" : `func_${start}`);
    return { name, start, length: (sorted[i + 1] ?? end) - start };
  });
}
