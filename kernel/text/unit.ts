// A source of kernel text as it is assembled: words that may stand anywhere, and what they are called.
// Nothing in a unit refers to another; the TOC pointer's distance is put in where it is placed.
import type { TextMachine } from "./offsets.ts";

export interface TextSymbol {
  readonly name: string;
  /** Bytes from the start of the unit. */
  readonly offset: number;
  readonly size: number;
  /** Whether it is called as C functions are, so that on ELFv1 it has a descriptor. */
  readonly isFunction: boolean;
  /** Whether other files may name it. */
  readonly isGlobal: boolean;
  /** Whether modules may. */
  readonly isExported: boolean;
  /** Bytes from the global to the local entry point: 8 behind the two words that set r2, else 0. */
  readonly localEntry: number;
}

export interface TextUnit {
  /** Name of the file. */
  readonly source: string;
  readonly symbols: readonly TextSymbol[];
  readonly words: readonly number[];
}

/** A unit in the generated module, once for all machines that it is the same on. */
export interface PackedUnit {
  readonly source: string;
  /** As `machineName` says them. */
  readonly machines: readonly string[];
  /** Each `NAME OFFSET SIZE FLAGS LOCAL-ENTRY`, flags of `F`unction, `G`lobal and `E`xported or `-`, numbers decimal. */
  readonly symbols: readonly string[];
  /** Eight digits a word, in lines. */
  readonly code: readonly string[];
}

export const textMachines: readonly TextMachine[] = [
  { endian: "le", abi: "elfv2" },
  { endian: "be", abi: "elfv1" },
  { endian: "be", abi: "elfv2" },
  { endian: "le", abi: "elfv1" },
];

export const machineName = ({ endian, abi }: TextMachine): string => `${endian} ${abi}`;

const WORDS_IN_LINE = 8;

/** One unit for several machines, in the form that the generated module has. */
export function packUnit(unit: TextUnit, machines: readonly TextMachine[]): PackedUnit {
  const symbols = unit.symbols.map(({ name, offset, size, isFunction, isGlobal, isExported, localEntry }) => {
    const flags = `${isFunction ? "F" : ""}${isGlobal ? "G" : ""}${isExported ? "E" : ""}`;
    return [name, offset, size, flags === "" ? "-" : flags, localEntry].join(" ");
  });
  const hex = unit.words.map((word) => word.toString(16).padStart(8, "0"));
  const lines = Array.from({ length: Math.ceil(hex.length / WORDS_IN_LINE) }, (_, i) =>
    hex.slice(i * WORDS_IN_LINE, (i + 1) * WORDS_IN_LINE).join(""),
  );
  return { source: unit.source, machines: machines.map(machineName), symbols, code: lines };
}

/** The units of one machine, in order. */
export function unpackUnits(packed: readonly PackedUnit[], machine: TextMachine): readonly TextUnit[] {
  const name = machineName(machine);
  return packed.filter(({ machines }) => machines.includes(name)).map(unpack);
}

function unpack({ source, symbols, code }: PackedUnit): TextUnit {
  const words = code.flatMap((line) =>
    Array.from({ length: line.length / 8 }, (_, i) => parseInt(line.slice(8 * i, 8 * i + 8), 16)),
  );
  return { source, words, symbols: symbols.map(unpackSymbol) };
}

function unpackSymbol(text: string): TextSymbol {
  const [name = "", offset, size, flags = "", localEntry] = text.split(" ");
  return {
    name,
    offset: Number(offset),
    size: Number(size),
    isFunction: flags.includes("F"),
    isGlobal: flags.includes("G"),
    isExported: flags.includes("E"),
    localEntry: Number(localEntry),
  };
}
