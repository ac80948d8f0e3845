// .BTF.ext: what the compiler says of instructions, by section: source lines, prototypes of functions, and CO-RE
// relocations [Linux Documentation/bpf/btf.rst].
import type { Endian } from "../insn.ts";
import { BpfLoadError } from "../load-error.ts";
import type { Btf } from "./btf.ts";
import { Reader } from "./reader.ts";

const MAGIC = 0xeb9f;
const FUNC_INFO = { at: 8, bytes: 8 } as const;
const LINE_INFO = { at: 16, bytes: 16 } as const;
const CORE_RELO = { at: 24, bytes: 16 } as const;
/** Header with the place of CO-RE relocations. */
const LONG_HEADER = 32;

/** The four words of a record; those of a function have only two. `slot` counts from the section's start. */
export interface ExtRecord {
  readonly slot: number;
  readonly words: readonly [number, number, number];
}

/** Where an instruction came from. */
export interface SourceLine {
  readonly text: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** Records by section name. */
export class BtfExt {
  readonly functions: ReadonlyMap<string, readonly ExtRecord[]>;
  readonly lines: ReadonlyMap<string, readonly ExtRecord[]>;
  readonly relocations: ReadonlyMap<string, readonly ExtRecord[]>;

  /** @throws BpfLoadError where the section is broken. */
  constructor(bytes: Uint8Array, endian: Endian, btf: Btf) {
    const reader = new Reader(bytes, endian, "section .BTF.ext");
    if (reader.u16(0) !== MAGIC)
      throw new BpfLoadError(`section .BTF.ext: magic 0x${reader.u16(0).toString(16)} is not 0xeb9f`);
    const header = reader.u32(4);
    const table = ({
      at,
      bytes: least,
    }: {
      at: number;
      bytes: number;
    }): ReadonlyMap<string, readonly ExtRecord[]> =>
      readTable(reader, { start: header + reader.u32(at), length: reader.u32(at + 4), least }, btf);
    this.functions = table(FUNC_INFO);
    this.lines = table(LINE_INFO);
    this.relocations = header >= LONG_HEADER ? table(CORE_RELO) : new Map<string, readonly ExtRecord[]>();
  }
}

function readTable(
  reader: Reader,
  { start, length, least }: { start: number; length: number; least: number },
  btf: Btf,
): ReadonlyMap<string, readonly ExtRecord[]> {
  const sections = new Map<string, ExtRecord[]>();
  if (length === 0) return sections;
  const bytes = reader.u32(start);
  const end = start + length;
  if (bytes < least || bytes % 4 !== 0)
    throw new BpfLoadError(`section .BTF.ext: records of ${bytes} bytes, not ${least}`);
  for (let at = start + 4; at < end;) {
    const [name, count] = [btf.string(reader.u32(at)), reader.u32(at + 4)];
    const first = at + 8;
    at = first + count * bytes;
    if (at > end)
      throw new BpfLoadError(`section .BTF.ext: ${count} records for section ${name} are beyond its end`);
    const list = sections.get(name) ?? [];
    for (let r = first; r < at; r += bytes) {
      const word = (n: number): number => (n * 4 < least ? reader.u32(r + n * 4) : 0);
      list.push({ slot: word(0) / 8, words: [word(1), word(2), word(3)] });
    }
    sections.set(name, list);
  }
  return sections;
}
