// Test support: thousands of cases in one run of QEMU's user mode: a static ELF whose code loads the registers of a case from a
// table, branches to the case's code, and stores what came of it; at its end it writes everything to standard output.
import { fromHalves, u64, type U64 } from "../../word/long.ts";
import { encode } from "../isa/encode.ts";
import { SPR } from "../spr.ts";
import type { Endian } from "../state.ts";
import { PLACE, SCRATCH_BYTES, template, type Case, type Result } from "./case.ts";

// A case's record: address of its code, CR, XER, LR, CTR, then the GPRs; its result: GPRs, CR, XER, LR, CTR, TAKEN, then memory.
const RECORD_BYTES = 8 * (5 + 32);
const SAVED_WORDS = 32 + 5;
const RESULT_BYTES = 8 * SAVED_WORDS + SCRATCH_BYTES;

/** Variables by their address. */
const VARIABLE = Object.freeze({
  RECORD: PLACE.VARIABLES,
  RESULT: PLACE.VARIABLES + 8,
  COUNT: PLACE.VARIABLES + 16,
  OUTPUT: PLACE.VARIABLES + 24,
  LENGTH: PLACE.VARIABLES + 32,
  SAVED: PLACE.VARIABLES + 64,
  TAKEN: PLACE.VARIABLES + 64 + 8 * 36,
});

/** Where the records are. */
const RECORDS = 0x100_0000;

const load = (RT: number, address: number, RA0 = 0): number => encode("ld", { RT, RA0, DS: address });
const store = (RS: number, address: number, RA0 = 0): number => encode("std", { RS, RA0, DS: address });
const addImmediate = (RT: number, RA0: number, SI: number): number => encode("addi", { RT, RA0, SI });
const toSpr = (n: number, RS: number): number => encode("mtspr", { SPR: n, RS });
const fromSpr = (RT: number, n: number): number => encode("mfspr", { RT, SPR: n });
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Branches back over `words` words where the comparison said not equal. */
const backUnlessEqual = (words: number): number => encode("bc", { BO: 4, BI: 2, BD: -4 * words });

/** From a case's record into its code. */
function enter(): number[] {
  return [
    load(31, VARIABLE.RECORD),
    ...[load(30, 0, 31), toSpr(SPR.TAR, 30)],
    ...[load(30, 8, 31), encode("mtcrf", { FXM: 255, RS: 30 })],
    ...[load(30, 16, 31), toSpr(SPR.XER, 30)],
    ...[load(30, 24, 31), toSpr(SPR.LR, 30)],
    ...[load(30, 32, 31), toSpr(SPR.CTR, 30)],
    ...[addImmediate(30, 0, 0), store(30, VARIABLE.TAKEN)],
    ...range(SCRATCH_BYTES / 8).flatMap((i) => [
      load(30, PLACE.TEMPLATE + 8 * i),
      store(30, PLACE.SCRATCH + 8 * i),
    ]),
    // no reservation is left from the case before
    ...[addImmediate(30, 0, VARIABLE.SAVED), encode("stwcx.", { RS: 30, RA0: 0, RB: 30 })],
    ...[load(30, 8, 31), encode("mtcrf", { FXM: 255, RS: 30 })],
    ...range(31).map((n) => load(n, 40 + 8 * n, 31)),
    load(31, 40 + 8 * 31, 31),
    encode("bctar", { BO: 20 }),
  ];
}

/** What came of a case, then the next case, or the end. `at` is the address of this code. */
function leave(at: number): number[] {
  const special = [SPR.XER, SPR.LR, SPR.CTR];
  const next = [
    ...range(32).map((n) => store(n, VARIABLE.SAVED + 8 * n)),
    ...[encode("mfcr", { RT: 30 }), store(30, VARIABLE.SAVED + 8 * 32)],
    ...special.flatMap((n, i) => [fromSpr(30, n), store(30, VARIABLE.SAVED + 8 * (33 + i))]),
    load(31, VARIABLE.RESULT),
    ...range(SAVED_WORDS).flatMap((i) => [load(30, VARIABLE.SAVED + 8 * i), store(30, 8 * i, 31)]),
    ...range(SCRATCH_BYTES / 8).flatMap((i) => [
      load(30, PLACE.SCRATCH + 8 * i),
      store(30, 8 * (SAVED_WORDS + i), 31),
    ]),
    ...[addImmediate(31, 31, RESULT_BYTES), store(31, VARIABLE.RESULT)],
    ...[load(31, VARIABLE.RECORD), addImmediate(31, 31, RECORD_BYTES), store(31, VARIABLE.RECORD)],
    ...[load(30, VARIABLE.COUNT), addImmediate(30, 30, -1), store(30, VARIABLE.COUNT)],
    encode("cmpi", { BF: 0, L: 1, RA: 30, SI: 0 }),
  ];
  const back = encode("bc", { BO: 4, BI: 2, BD: PLACE.HARNESS - (at + 4 * next.length) });
  const write = [
    ...[addImmediate(0, 0, 4), addImmediate(3, 0, 1), load(4, VARIABLE.OUTPUT), load(5, VARIABLE.LENGTH)],
    encode("sc", {}),
    ...[load(4, VARIABLE.OUTPUT), encode("add", { RT: 4, RA: 4, RB: 3 }), store(4, VARIABLE.OUTPUT)],
    ...[load(5, VARIABLE.LENGTH), encode("subf", { RT: 5, RA: 3, RB: 5 }), store(5, VARIABLE.LENGTH)],
    encode("cmpi", { BF: 0, L: 1, RA: 5, SI: 0 }),
  ];
  const exit = [addImmediate(0, 0, 1), addImmediate(3, 0, 0), encode("sc", {})];
  return [...next, back, ...write, backUnlessEqual(write.length), ...exit];
}

/** Some bytes of the image under construction. */
class Area {
  readonly address: number;
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(address: number, bytes: number, endian: Endian) {
    this.address = address;
    this.#view = new DataView(new ArrayBuffer(bytes));
    this.#little = endian === "le";
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer);
  }

  word(address: number, value: number): void {
    this.#view.setInt32(address - this.address, value, this.#little);
  }

  doubleword(address: number, value: U64): void {
    const [first, second] = this.#little ? [value.low, value.high] : [value.high, value.low];
    this.#view.setInt32(address - this.address, first, this.#little);
    this.#view.setInt32(address - this.address + 4, second, this.#little);
  }
}

interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly memoryBytes: number;
}

const PAGE = 0x1_0000;

/** A static executable with these segments, readable, writable and executable. */
function elf(segments: readonly Segment[], entry: number, endian: Endian): Uint8Array {
  const little = endian === "le";
  const headers = new DataView(new ArrayBuffer(PAGE));
  const half = (at: number, n: number): void => headers.setUint16(at, n, little);
  const word = (at: number, n: number): void => headers.setUint32(at, n, little);
  const wide = (at: number, n: number): void => {
    word(little ? at : at + 4, n);
    word(little ? at + 4 : at, 0);
  };
  new Uint8Array(headers.buffer).set([0x7f, 0x45, 0x4c, 0x46, 2, little ? 1 : 2, 1]);
  half(16, 2); // an executable
  half(18, 21); // PPC64
  word(20, 1);
  wide(24, entry);
  wide(32, 64);
  word(48, 2); // ELFv2: the entry is code in both byte orders
  half(52, 64);
  half(54, 56);
  half(56, segments.length);
  const parts: Uint8Array[] = [new Uint8Array(headers.buffer)];
  let offset = PAGE;
  segments.forEach(({ address, bytes, memoryBytes }, i) => {
    const at = 64 + 56 * i;
    const skew = address % PAGE;
    word(at, 1); // to be loaded
    word(at + 4, 7); // readable, writable, executable
    wide(at + 8, offset + skew);
    wide(at + 16, address);
    wide(at + 24, address);
    wide(at + 32, bytes.length);
    wide(at + 40, memoryBytes);
    wide(at + 48, PAGE);
    const padded = new Uint8Array(Math.ceil((skew + bytes.length) / PAGE) * PAGE);
    padded.set(bytes, skew);
    parts.push(padded);
    offset += padded.length;
  });
  const file = new Uint8Array(offset);
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** The executable that runs the cases. */
export function casesElf(cases: readonly Case[], endian: Endian): Uint8Array {
  const low = new Area(PLACE.HARNESS, PLACE.SCRATCH + SCRATCH_BYTES - PLACE.HARNESS, endian);
  const code = (at: number, words: readonly number[]): void => {
    words.forEach((word, i) => {
      low.word(at + 4 * i, word);
    });
  };
  code(PLACE.HARNESS, enter());
  code(PLACE.AFTER, leave(PLACE.AFTER));
  const taken = [
    store(31, VARIABLE.SAVED),
    addImmediate(31, 0, 1),
    store(31, VARIABLE.TAKEN),
    load(31, VARIABLE.SAVED),
  ];
  code(PLACE.TAKEN, [...taken, encode("b", { LI: PLACE.AFTER - PLACE.TAKEN - 4 * taken.length })]);
  low.bytes.set(template(), PLACE.TEMPLATE - PLACE.HARNESS);
  const output = RECORDS + cases.length * RECORD_BYTES;
  low.doubleword(VARIABLE.RECORD, u64(RECORDS));
  low.doubleword(VARIABLE.COUNT, u64(cases.length));
  for (const pointer of [VARIABLE.RESULT, VARIABLE.OUTPUT]) low.doubleword(pointer, u64(output));
  low.doubleword(VARIABLE.LENGTH, u64(cases.length * RESULT_BYTES));
  const last = cases.at(-1);
  const end = last === undefined ? PLACE.BLOCKS : last.address + 4 * last.words.length;
  const blocks = new Area(PLACE.BLOCKS, end - PLACE.BLOCKS, endian);
  const records = new Area(RECORDS, cases.length * RECORD_BYTES, endian);
  cases.forEach(({ address, words, gpr, cr, xer, lr, ctr }, i) => {
    words.forEach((word, k) => {
      blocks.word(address + 4 * k, word);
    });
    [u64(address), u64(cr), u64(xer), lr, ctr, ...gpr].forEach((value, k) => {
      records.doubleword(RECORDS + i * RECORD_BYTES + 8 * k, value);
    });
  });
  const segment = (area: Area, more = 0): Segment => ({
    address: area.address,
    bytes: area.bytes,
    memoryBytes: area.bytes.length + more,
  });
  const segments = [segment(low), segment(blocks), segment(records, cases.length * RESULT_BYTES)];
  return elf(segments, PLACE.HARNESS, endian);
}

/** The results in what the executable wrote. @throws RangeError where it wrote less than all. */
export function parseResults(output: Uint8Array, count: number, endian: Endian): readonly Result[] {
  if (output.length !== count * RESULT_BYTES)
    throw new RangeError(`${output.length} bytes of results, not ${count * RESULT_BYTES}`);
  const view = new DataView(output.buffer, output.byteOffset, output.byteLength);
  const little = endian === "le";
  const doubleword = (at: number): U64 => {
    const [first, second] = [view.getInt32(at, little), view.getInt32(at + 4, little)];
    return little ? fromHalves(second, first) : fromHalves(first, second);
  };
  return range(count).map((i) => {
    const at = (n: number): U64 => doubleword(i * RESULT_BYTES + 8 * n);
    const memory = output.slice(i * RESULT_BYTES + 8 * SAVED_WORDS, (i + 1) * RESULT_BYTES);
    const gpr = range(32).map(at);
    return {
      gpr,
      cr: at(32).low >>> 0,
      xer: at(33),
      lr: at(34),
      ctr: at(35),
      taken: !at(36).isZero(),
      memory,
    };
  });
}
