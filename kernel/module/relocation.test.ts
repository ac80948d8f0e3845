// Each relocation type on both byte orders, its value worked out by hand.
// On hash64k-4.15 the first module has its text at 0xd000_0000_0000_0000, data 64 KiB further, read-only data 128 KiB further;
// .toc begins the data, so r2 is 0xd000_0000_0001_8000.
import { describe, expect, it } from "vitest";
import { MemoryFault } from "../../bpf/memory.ts";
import { parseU64, u64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";
import { relocationTypes } from "./relocation.ts";
import { buildObject, DATA, TEXT, words, type ObjectRelocation } from "./test/object.ts";

const NOP = 0x6000_0000;

interface Case {
  readonly name: string;
  /** Words at the start of the section, before. */
  readonly before: readonly number[];
  /** From the start of the section; the big-endian half of a word is 2 further. */
  readonly relocation: ObjectRelocation;
  readonly half?: true;
  readonly section?: ".text" | ".data";
  readonly after: readonly number[];
}

const T = (type: number, symbol: string, addend = 0, offset = 0): ObjectRelocation => ({
  type,
  symbol,
  addend,
  offset,
});

// `datum` is at 0xd…1_0018 (.data + 8), `near` at text + 0x40, `far_entry` there too with a local entry point 8 further.
// prettier-ignore
const CASES: readonly Case[] = [
  { name: "ADDR32: the low half of S + A",   section: ".data", relocation: T(1, "datum", 4), before: [0], after: [0x0001_001c] },
  { name: "REL24: LI, the rest stays",       relocation: T(10, "near", 0, 8),   before: [NOP, NOP, 0x4800_0001], after: [NOP, NOP, 0x4800_0039] },
  { name: "REL24: to the local entry point", relocation: T(10, "far_entry"),    before: [0x4800_0001],  after: [0x4800_0049] },
  { name: "REL24: backwards",                relocation: T(10, "near", -0x40, 4), before: [NOP, 0x4800_0000], after: [NOP, 0x4bff_fffc] },
  { name: "REL32: S + A - P",                section: ".data", relocation: T(26, "datum", 0, 12), before: [1, 2, 3, 0], after: [1, 2, 3, 0xffff_fffc] },
  { name: "TOC16: S - .TOC., signed 16 bits", half: true, relocation: T(47, "datum"), before: [0x3862_0000], after: [0x3862_8018] },
  { name: "TOC16_LO",                        half: true, relocation: T(48, "near"),  before: [0x3863_0000], after: [0x3863_8040] },
  { name: "TOC16_HA rounds, as LO is signed", half: true, relocation: T(50, "near"), before: [0x3c62_0000], after: [0x3c62_ffff] },
  { name: "TOC16_HA of what is near",        half: true, relocation: T(50, "datum"), before: [0x3c62_0000], after: [0x3c62_0000] },
  { name: "TOC16_DS leaves the low two bits", half: true, relocation: T(63, "datum"), before: [0xe862_0001], after: [0xe862_8019] },
  { name: "TOC16_LO_DS",                     half: true, relocation: T(64, "datum", 4), before: [0xe863_0002], after: [0xe863_801e] },
  { name: "TOCSAVE changes nothing",         relocation: T(109, "near"),        before: [NOP],          after: [NOP] },
  { name: "REL24_NOTOC",                     relocation: T(116, "near"),        before: [0x4800_0001],  after: [0x4800_0041] },
  { name: "ENTRY: the large model's prologue becomes addis and addi", relocation: T(118, "near"),
    before: [0xe84c_fff8, 0x7c42_6214], after: [0x3c4c_0002, 0x3842_8000] },
  { name: "ENTRY: anything else stays",      relocation: T(118, "near"),        before: [0xe84c_fff8, NOP], after: [0xe84c_fff8, NOP] },
  { name: "PCREL34: 18 bits in the prefix, 16 in the suffix", relocation: T(132, "datum", 4), before: [0x0610_0000, 0x3860_0000], after: [0x0610_0001, 0x3860_001c] },
  { name: "PCREL34: backwards",              relocation: T(132, "near", -0x50), before: [0x0610_0000, 0x3860_0000], after: [0x0613_ffff, 0x3860_fff0] },
  { name: "GOT_PCREL34: to the GOT, in read-only data", relocation: T(133, "datum"), before: [0x0410_0000, 0xe460_0000], after: [0x0410_0002, 0xe460_0000] },
  { name: "REL16_LO of .TOC. off the function", half: true, relocation: T(250, ".TOC."), before: [0x3842_0000], after: [0x3842_8000] },
  { name: "REL16_HA",                        half: true, relocation: T(252, ".TOC."), before: [0x3c4c_0000], after: [0x3c4c_0002] },
];
// prettier-ignore
const DOUBLEWORDS: readonly (readonly [string, ObjectRelocation, string])[] = [
  ["ADDR64", T(38, "datum", 8), "0xd000000000010020"],
  ["ADDR64, a negative addend", T(38, "near", -1), "0xd00000000000003f"],
  ["REL64", T(44, "near"), "0xffffffffffff0030"],
  ["TOC", T(51, "near"), "0xd000000000018000"],
];

/** A module with the words under test at the start of a section, and the kernel that has it. */
function load(
  endian: "le" | "be",
  { section = ".text", before, relocation, half }: Omit<Case, "name" | "after">,
): { readonly kernel: Kernel; readonly text: number } {
  const kernel = new Kernel({ endian, abi: "elfv2", cpu: "power10", ramBytes: 64 * 1024 ** 2 });
  const { offset, addend = 0 } = relocation;
  const isMoved = half === true && endian === "be";
  // What counts from the place has as much more to go, as the assembler puts it into the addend.
  const more = [250, 252].includes(relocation.type) ? 2 : 0;
  const moved = isMoved ? { ...relocation, offset: offset + 2, addend: addend + more } : relocation;
  const data = (name: string, bytes: number): object => {
    const contents = new Uint8Array(bytes);
    contents.set(name === section ? words(endian, ...before) : []);
    return { data: contents, ...(name === section ? { relocations: [moved] } : {}) };
  };
  const file = buildObject({
    endian,
    abi: "elfv2",
    sections: [
      { name: ".text", flags: TEXT, align: 16, ...data(".text", 0x80) },
      { name: ".toc", flags: DATA, data: new Uint8Array(16) },
      { name: ".data", flags: DATA, ...data(".data", 0x40) },
    ],
    symbols: [
      { name: "near", section: ".text", value: 0x40 },
      { name: "far_entry", section: ".text", value: 0x40, other: 3 << 5 },
      { name: "datum", section: ".data", value: 8, type: 1 },
      { name: ".TOC." },
    ],
  });
  const module = kernel.modules.load(file);
  expect(module.sections.map(({ address }) => address.low >>> 0)).toContain(0);
  return { kernel, text: section === ".text" ? 0 : 0x1_0010 };
}

function wordsAt(kernel: Kernel, offset: number, count: number): readonly string[] {
  const base = parseU64("0xd000000000000000") ?? u64(0);
  return Array.from({ length: count }, (_, i) => {
    const word = kernel.load(base.add(offset + 4 * i), 4);
    return word instanceof MemoryFault ? "fault" : hex(word.low >>> 0);
  });
}

const hex = (word: number): string => word.toString(16).padStart(8, "0");

describe.each(["le", "be"] as const)("relocations, %s", (endian) => {
  it.each(CASES)("$name", (one) => {
    const { kernel, text } = load(endian, one);
    expect(wordsAt(kernel, text, one.after.length)).toEqual(one.after.map(hex));
  });

  it.each(DOUBLEWORDS)("%s", (_name, relocation, value) => {
    const { kernel, text } = load(endian, { section: ".data", before: [0, 0], relocation });
    const expected = parseU64(value) ?? u64(0);
    expect(kernel.load(parseU64("0xd000000000000000")?.add(text) ?? u64(0), 8)).toEqual(expected);
  });

  it("the GOT's entry holds the address", () => {
    const { kernel } = load(endian, { before: [0x0410_0000, 0xe460_0000], relocation: T(133, "datum") });
    expect(kernel.load(parseU64("0xd000000000020000") ?? u64(0), 8)).toEqual(parseU64("0xd000000000010018"));
  });
});

it("every type has a case", () => {
  const covered = new Set([
    ...CASES.map(({ relocation }) => relocation.type),
    ...DOUBLEWORDS.map(([, r]) => r.type),
  ]);
  expect(relocationTypes.filter(({ number }) => !covered.has(number))).toEqual([]);
});

// prettier-ignore
const REFUSED: readonly (readonly [string, Omit<Case, "name" | "after">, RegExp])[] = [
  ["a type that Linux does not know", { before: [0], relocation: T(2, "near") }, /Unknown ADD relocation: 2/],
  ["R_PPC64_NONE", { before: [0], relocation: T(0, "near") }, /Unknown ADD relocation: 0/],
  ["a branch beyond 32 MiB", { before: [0x4800_0001], relocation: T(10, "near", 0x200_0000) }, /REL24 33554496 out of range!/],
  ["a branch to no word", { before: [0x4800_0001], relocation: T(10, "near", 2) }, /REL24 66 out of range!/],
  ["32 bits that are not enough", { section: ".data", before: [0], relocation: T(26, "near", 2 ** 33) }, /REL32 \d+ out of range!/],
  ["a TOC offset beyond 16 bits", { before: [0], relocation: T(47, "near") }, /bad TOC16 relocation \(0xfffffffffffe8040\)/],
  ["a DS offset that is no multiple of 4", { before: [0], relocation: T(64, "datum", 1) }, /bad TOC16_LO_DS relocation/],
  ["34 bits that are not enough", { before: [0, 0], relocation: T(132, "near", 2 ** 34) }, / REL34 \d+ out of range!/],
  ["a field behind the section's end", { before: [], relocation: T(38, "near", 0, 0x7c) }, /ADDR64 at \.text\+0x7c: outside its section/],
  ["a field far outside", { before: [], relocation: T(1, "near", 0, 2 ** 50) }, /outside its section/],
];

it.each(REFUSED)("ENOEXEC for %s", (_name, one, message) => {
  expect(() => load("le", one)).toThrow(expect.objectContaining({ name: "ModuleError", errno: "ENOEXEC" }));
  expect(() => load("le", one)).toThrow(message);
});
