// Which registers an instruction reads and writes, and how it uses memory: its row performed on a machine that only takes notes.
// Nothing is said here of any instruction but the system operations, whose rows do not say what they do.
import type { Bytes, Machine, NamedSpr, Sum, SystemOperation, SystemOperations } from "../isa/machine.ts";
import { allFields } from "../isa/decode.ts";
import { perform, type Row } from "../isa/row.ts";
import { isNop } from "./classes.ts";
import type { CrBit, CrField, Gpr, Imm, Operand, Spr } from "../isa/pattern.ts";
import {
  and,
  constant,
  count,
  crValue,
  either,
  folded,
  from,
  leadingZeros,
  or,
  type Known,
} from "./known-bits.ts";
import { ALL, NONE, only, REGISTER, type RegisterSet, sprRegisters } from "./registers.ts";
import { systemDataflow } from "./system-dataflow.ts";

/** How an instruction uses memory. */
export interface MemoryUse {
  readonly kind: "load" | "store";
  /** 0 where the count is not in the instruction. */
  readonly bytes: number;
  /** What the address is made of. */
  readonly address: RegisterSet;
}

/** What an instruction depends on and what depends on it. */
export interface Dataflow {
  readonly reads: RegisterSet;
  readonly writes: RegisterSet;
  /** Of `writes`, those that do not wait for the memory that is loaded or stored: the base of an update form. */
  readonly early: RegisterSet;
  readonly memory?: MemoryUse;
  /** May it branch? */
  readonly jumps: boolean;
  /** Whether the jump depends on CR or a count. */
  readonly conditional: boolean;
  /** Everything before it is over before it starts, and nothing after it starts before it is over: what it does is not known here. */
  readonly serial: boolean;
}

/** What a field named RA0 holds in place of 0. */
const NO_REGISTER = -1;

/** Operand fields are numbers here. */
function num(field: Operand | number): number {
  return field as number;
}

/** Takes notes of one instruction. */
class RecordingMachine implements Machine<Known, Known> {
  reads = NONE;
  writes = NONE;
  late = NONE;
  memory: MemoryUse | undefined;
  jumps = false;
  conditional = false;
  serial = false;

  #read(registers: RegisterSet, loaded = false): Known {
    return from(registers, loaded);
  }
  #write(registers: RegisterSet, ...values: readonly Known[]): void {
    const value = either(...values);
    this.reads |= value.from;
    this.writes |= registers;
    if (value.loaded) this.late |= registers;
  }

  imm(x: Imm | number): Known {
    return constant(BigInt(num(x)));
  }
  gpr(r: Gpr): Known {
    return num(r) === NO_REGISTER ? constant(0n) : this.#read(only(num(r)));
  }
  setGpr(r: Gpr, v: Known): void {
    this.#write(only(num(r)), v);
  }
  let(v: Known): Known {
    return v;
  }
  letB(b: Known): Known {
    return b;
  }
  add(a: Known, b: Known): Known {
    return folded((x = 0n, y = 0n) => x + y, a, b);
  }
  sub(a: Known, b: Known): Known {
    return folded((x = 0n, y = 0n) => x - y, a, b);
  }
  mul(a: Known, b: Known): Known {
    return folded((x = 0n, y = 0n) => x * y, a, b);
  }
  and(a: Known, b: Known): Known {
    return and(a, b);
  }
  or(a: Known, b: Known): Known {
    return or(a, b);
  }
  xor(a: Known, b: Known): Known {
    return folded((x = 0n, y = 0n) => x ^ y, a, b);
  }
  not(a: Known): Known {
    return folded((x = 0n) => ~x, a);
  }
  shl(a: Known, n: Known): Known {
    return folded((x = 0n, y = 0n) => x << count(y), a, n);
  }
  shr(a: Known, n: Known): Known {
    return folded((x = 0n, y = 0n) => x >> count(y), a, n);
  }
  sar(a: Known, n: Known): Known {
    return either(a, n);
  }
  rotl(a: Known, n: Known): Known {
    return either(a, n);
  }
  rotl32(a: Known, n: Known): Known {
    return either(a, n);
  }
  mask(_size: 32 | 64, mb: Known, me: Known): Known {
    return either(mb, me);
  }
  sext(_bits: 8 | 16 | 32, v: Known): Known {
    return either(v);
  }
  zext(_bits: 8 | 16 | 32, v: Known): Known {
    return either(v);
  }
  clz(bits: 32 | 64, v: Known): Known {
    return folded((x = 0n) => leadingZeros(bits, x), v);
  }
  ctz(_bits: 32 | 64, v: Known): Known {
    return either(v);
  }
  popcount(_bits: 8 | 32 | 64, v: Known): Known {
    return either(v);
  }
  mulHigh(_sign: "signed" | "unsigned", a: Known, b: Known): Known {
    return either(a, b);
  }
  quotient(_sign: "signed" | "unsigned", a: Known, b: Known): Known {
    return either(a, b);
  }
  remainder(_sign: "signed" | "unsigned", a: Known, b: Known): Known {
    return either(a, b);
  }
  addc(a: Known, b: Known, c: Known | 0 | 1): Sum<Known, Known> {
    const sum = c === 0 || c === 1 ? either(a, b) : either(a, b, c);
    return { sum, ca: sum, ov: sum, ca32: sum, ov32: sum };
  }

  eq(a: Known, b: Known): Known {
    return folded((x, y) => (x === y ? 1n : 0n), a, b);
  }
  ltS(a: Known, b: Known): Known {
    return either(a, b);
  }
  ltU(a: Known, b: Known): Known {
    return folded((x = 0n, y = 0n) => (x < y ? 1n : 0n), a, b);
  }
  no(b: Known): Known {
    return folded((x) => (x === 0n ? 1n : 0n), b);
  }
  both(a: Known, b: Known): Known {
    return either(a, b);
  }
  either(a: Known, b: Known): Known {
    return either(a, b);
  }
  select(c: Known, a: Known, b: Known): Known {
    if (c.constant === undefined) return either(c, a, b);
    return c.constant === 0n ? b : a;
  }
  bit(b: Known): Known {
    return b;
  }
  isZero(v: Known): Known {
    return either(v);
  }

  ca(): Known {
    return this.#read(only(REGISTER.CA));
  }
  setCa(ca: Known, ca32: Known): void {
    this.#write(only(REGISTER.CA), ca, ca32);
  }
  /** SO stays set. */
  setOv(ov: Known, ov32: Known): void {
    this.#write(only(REGISTER.OV) | only(REGISTER.SO), ov, ov32, this.so());
  }
  so(): Known {
    return this.#read(only(REGISTER.SO));
  }
  compare(_order: "signed" | "unsigned", field: CrField | 0, a: Known, b: Known): void {
    this.#write(only(REGISTER.CR + num(field)), a, b, this.so());
  }
  record(v: Known): void {
    this.#write(only(REGISTER.CR), v, this.so());
  }
  crBit(i: CrBit): Known {
    return this.#read(only(REGISTER.CR + (num(i) >> 2)));
  }
  /** The other bits of the field stay. */
  setCrBit(i: CrBit, b: Known): void {
    const field = only(REGISTER.CR + (num(i) >> 2));
    this.#write(field, b, this.#read(field));
  }
  crField(f: CrField): Known {
    return this.#read(only(REGISTER.CR + num(f)));
  }
  setCrField(f: CrField, v: Known): void {
    this.#write(only(REGISTER.CR + num(f)), v);
  }
  cr(): Known {
    return crValue;
  }
  /** Fields that keep their value are not written, and not read for that. */
  setCr(v: Known): void {
    let kept = NONE;
    for (let field = 0; field < 8; field++) {
      const bits = 0xfn << BigInt(28 - 4 * field);
      if ((v.cr & bits) === bits) kept |= only(REGISTER.CR + field);
    }
    this.#write(crValue.from & ~kept, { ...v, from: v.from & ~kept });
  }
  #spr(s: Spr | NamedSpr): RegisterSet {
    return typeof s === "string" ? only(REGISTER[s]) : sprRegisters(num(s));
  }
  spr(s: Spr | NamedSpr): Known {
    return this.#read(this.#spr(s));
  }
  setSpr(s: Spr | NamedSpr, v: Known): void {
    this.#write(this.#spr(s), v);
  }

  #access(kind: MemoryUse["kind"], bytes: number, ea: Known): void {
    this.reads |= ea.from;
    this.memory = { kind, bytes, address: ea.from };
  }
  load(bytes: Bytes, ea: Known): Known {
    this.#access("load", bytes, ea);
    return this.#read(ea.from, true);
  }
  store(bytes: Bytes, ea: Known, v: Known): void {
    this.#access("store", bytes, ea);
    this.reads |= v.from;
  }
  loadReserve(bytes: Bytes, ea: Known): Known {
    return this.load(bytes, ea);
  }
  storeConditional(bytes: Bytes, ea: Known, v: Known): void {
    this.store(bytes, ea, v);
    this.#write(only(REGISTER.CR), from(NONE, true), this.so());
  }
  trap(when: Known): void {
    this.reads |= when.from;
  }

  cia(): Known {
    return from(NONE);
  }
  jump(target: Known, when?: Known): void {
    this.reads |= target.from | (when?.from ?? NONE);
    this.jumps = true;
    this.conditional = when !== undefined;
  }
  supervisorCall(): void {
    this.#everything();
  }
  #everything(): void {
    this.serial = true;
    this.reads = ALL;
    this.writes = ALL;
    this.late = ALL;
  }
  system<N extends SystemOperation>(name: N, ...operands: SystemOperations<Known>[N]): void {
    const known = systemDataflow(name, operands as readonly (Known | number)[]);
    if (known === undefined) {
      this.#everything();
      return;
    }
    const { memory, reads, writes } = known;
    this.reads |= reads;
    this.#write(writes, from(NONE, memory !== undefined));
    if (memory !== undefined) this.memory = memory;
  }
}

/** What the instruction with this row and word, or suffix and prefix, depends on. */
export function dataflowOf(row: Row, word: number, prefix?: number): Dataflow {
  const fields = allFields(row, word, prefix);
  const machine = new RecordingMachine();
  if (!isNop(row, fields))
    perform(row, machine, fields["RA0"] === 0 ? { ...fields, RA0: NO_REGISTER } : fields);
  const { reads, writes, late, memory, jumps, conditional, serial } = machine;
  return {
    reads,
    writes,
    early: memory === undefined ? NONE : writes & ~late,
    ...(memory === undefined ? {} : { memory }),
    jumps,
    conditional,
    serial,
  };
}
