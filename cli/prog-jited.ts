// `farcall prog dump jited`: the code of each function under its own name, in bpftool's form.
import type { SourceLine } from "../bpf/elf/btf-ext.ts";
import { sourceLine } from "../bpf/print/dump.ts";
import { fromHalves, type U64, ZERO } from "../word/long.ts";
import { Refused } from "./errors.ts";
import { type CodeLine, codeLines, nameWithOffset } from "./listing.ts";
import { LoadedAddresses } from "./loaded-addresses.ts";
import type { Printed } from "./prog.ts";
import { sourceJson, type ProgramView } from "./prog-view.ts";

/** Bytes of an ELFv1 function descriptor, which an image starts with: three addresses [ELFv1 3.2]. */
const DESCRIPTOR_BYTES = 24;

interface Line {
  /** Bytes from the image's start. */
  readonly pc: number;
  readonly text: string;
  /** As they stand in memory. */
  readonly bytes: Uint8Array;
  /** The line of source that starts here. */
  readonly source: SourceLine | undefined;
}

/** What stands beside an instruction on demand. */
export interface Annotation {
  /** In front of the line. */
  readonly text: string;
  /** Keys beside bpftool's. */
  readonly json: object;
}

/** Annotations of instructions and of functions, by index of the function and bytes from its image's start. */
export interface Annotations {
  /** In front of the dump. */
  readonly head: readonly string[];
  readonly ofFunction: (index: number) => Annotation;
  readonly ofInsn: (index: number, pc: number) => Annotation;
  /** In front of other lines. */
  readonly blank: string;
}

interface Dumped {
  readonly name: string;
  readonly prototype: string | undefined;
  readonly code: readonly Line[];
}

export function jitedDump(view: ProgramView, annotations?: Annotations): Printed {
  const { info, detail } = view;
  const { jited_prog_insns: bytes, jited_func_lens: lens, jited_ksyms: ksyms } = info;
  if (bytes === undefined || lens === undefined || ksyms === undefined)
    throw new Refused("no instructions returned");
  const linum = detail === "linum";
  const sources = sourcesByAddress(view);
  let start = 0;
  const functions = lens.map((length, i): Dumped => {
    const image = bytes.subarray(start, (start += length));
    const ksym = ksyms[i] ?? ZERO;
    return {
      name: view.symbols.at(ksym) ?? `0x${ksym.toString(16).padStart(16, "0")}`,
      prototype: view.prototypes.get(info.func_info[i]?.insn_off ?? -1),
      code: imageLines(image, ksym, view).map((line) => ({
        ...line,
        source: sources.get(ksym.add(line.pc).toString(16)),
      })),
    };
  });
  const blank = annotations?.blank ?? "";
  return {
    lines: [
      ...(annotations?.head ?? []),
      ...functions.flatMap(({ name, prototype, code }, i) => [
        ...(i > 0 ? [""] : []),
        ...(prototype === undefined ? [] : [`${blank}${prototype}:`]),
        `${annotations?.ofFunction(i).text ?? ""}${name}:`,
        ...code.flatMap(({ pc, text, source, bytes: raw }) => [
          ...(source === undefined ? [] : [`${blank}${sourceLine(source, linum)}`]),
          `${annotations?.ofInsn(i, pc).text ?? ""}${pc.toString(16).padStart(4)}:\t${text}`,
          ...(detail === "opcodes" ? [`${blank}\t${[...raw].map(hex).join(" ")}`] : []),
        ]),
      ]),
    ],
    json: functions.map(({ name, prototype, code }, i) => ({
      ...(prototype === undefined ? {} : { proto: prototype }),
      name,
      ...annotations?.ofFunction(i).json,
      insns: code.map((line) => ({
        ...instruction(line, linum, detail === "opcodes"),
        ...annotations?.ofInsn(i, line.pc).json,
      })),
    })),
  };
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

function instruction({ pc, text, source, bytes }: Line, linum: boolean, opcodes: boolean): object {
  const [, operation = text, operands = ""] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
  return {
    ...(source === undefined ? {} : sourceJson(source, linum)),
    pc: `0x${pc.toString(16)}`,
    operation,
    operands: operands === "" ? [null] : operands.split(/,\s*/), // as bpftool has it
    ...(opcodes ? { opcodes: [...bytes].map((byte) => `0x${hex(byte)}`) } : {}),
  };
}

/** Lines of source by the address of their code, in hex. */
function sourcesByAddress({ info }: ProgramView): ReadonlyMap<string, SourceLine> {
  const found = new Map<string, SourceLine>();
  info.line_info.forEach(({ line, file_name, line_num, line_col }, i) => {
    const address = info.jited_line_info?.[i]?.toString(16);
    if (address !== undefined && !found.has(address))
      found.set(address, { text: line, file: file_name, line: line_num, column: line_col });
  });
  return found;
}

/** One image: in ELFv1 the descriptor's three addresses, then code. */
function imageLines(image: Uint8Array, ksym: U64, view: ProgramView): readonly Omit<Line, "source">[] {
  const start = view.abi === "elfv1" ? DESCRIPTOR_BYTES : 0;
  const data = new DataView(image.buffer, image.byteOffset, image.length);
  const little = view.endian === "le";
  const nameOf = (address: U64): string | undefined => nameIn(view, address);
  const descriptor = Array.from({ length: start / 8 }, (_, i) => {
    const [first, second] = [data.getUint32(i * 8, little), data.getUint32(i * 8 + 4, little)];
    const value = little ? fromHalves(second, first) : fromHalves(first, second);
    const name = nameOf(value);
    const text = `.quad   0x${value.toString(16)}${name === undefined ? "" : ` <${name}>`}`;
    return { pc: i * 8, text, bytes: image.subarray(i * 8, i * 8 + 8) };
  });
  const words = Array.from({ length: (image.length - start) / 4 }, (_, i) =>
    data.getUint32(start + i * 4, little),
  );
  const code = codeLines({ words, code: ksym.add(start) }, view.cpu, nameOf);
  const called = calledNames(code, view);
  const stubs = stubNames(code, called);
  return [
    ...descriptor,
    ...code.map(({ pc, text }, i) => {
      const end = code[i + 1]?.pc ?? image.length - start;
      const bytes = image.subarray(start + pc, start + end);
      const target = called[i];
      const viaStub = stubs.get(/^bl\s+0x([0-9a-f]+)/.exec(text)?.[1] ?? "");
      const whole =
        viaStub !== undefined
          ? text.replace(/<.*>$/, `<stub of ${viaStub}>`)
          : target === undefined
            ? text
            : `${text} <${target}>`;
      return { pc: start + pc, text: whole, bytes };
    }),
  ];
}

/** What each line moves to CTR or LR to be called, by name, else its address; undefined where it is no such line. */
function calledNames(code: readonly CodeLine[], view: ProgramView): readonly (string | undefined)[] {
  const addresses = new LoadedAddresses(view.kernel);
  return code.map(({ text }) => {
    const called = addresses.next(text);
    return called === undefined ? undefined : (nameIn(view, called) ?? `0x${called.toString(16)}`);
  });
}

/** Where a stub's calls go, by its address in hex: straight code between returns that ends in a branch to what is known. */
function stubNames(
  code: readonly CodeLine[],
  called: readonly (string | undefined)[],
): ReadonlyMap<string, string> {
  const stubs = new Map<string, string>();
  let [start, target] = [0, undefined as string | undefined];
  code.forEach(({ text }, i) => {
    target = called[i] ?? target;
    if (!/^b(ct|l)r$/.test(text)) return;
    const address = code[start]?.address.toString(16);
    if (text === "bctr" && target !== undefined && address !== undefined) stubs.set(address, target);
    [start, target] = [i + 1, undefined];
  });
  return stubs;
}

/** A place in one of the program's own images, or an entry point of something else. */
function nameIn({ info, symbols }: ProgramView, address: U64): string | undefined {
  const own = (info.jited_ksyms ?? []).find((ksym, i) =>
    address.sub(ksym).lt(info.jited_func_lens?.[i] ?? 0),
  );
  if (own === undefined) {
    const near = symbols.near(address);
    return near === undefined ? undefined : nameWithOffset(near.name, near.offset);
  }
  const name = symbols.at(own);
  return name === undefined ? undefined : nameWithOffset(name, address.sub(own).toNumber());
}
