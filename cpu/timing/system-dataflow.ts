// What the system operations that are not serial read and write; rows only name them. All others are taken to touch everything.
import type { SystemOperation } from "../isa/machine.ts";
import type { Known } from "./known-bits.ts";
import type { MemoryUse } from "./dataflow.ts";
import { NONE, only, REGISTER, type RegisterSet } from "./registers.ts";

/** What an operation depends on and sets. */
export interface SystemDataflow {
  readonly reads: RegisterSet;
  readonly writes: RegisterSet;
  readonly memory?: MemoryUse;
}

/** An operand as the recording machine hands it over: a value, or the number of a register or of a shape field. */
type Operand = Known | number;

function valueRegisters(operand: Operand | undefined): RegisterSet {
  return typeof operand === "object" ? operand.from : NONE;
}

function number(operand: Operand | undefined): number {
  return typeof operand === "number" ? operand : 0;
}

/** GPRs from `first` on, beginning anew after r31. */
function gprs(first: number, count: number): RegisterSet {
  let set = NONE;
  for (let i = 0; i < count; i++) set |= only((first + i) & 31);
  return set;
}

/** Bytes of lswi and stswi, which are in the instruction. */
function bytesOf(operand: Operand | undefined): number {
  return typeof operand === "object" && operand.constant !== undefined ? Number(operand.constant) : 0;
}

const CR0 = only(REGISTER.CR);
const OVERFLOW = only(REGISTER.OV) | only(REGISTER.SO);
const ANY_COUNT = 32;

function loads(ea: Operand | undefined, bytes: number, writes: RegisterSet, reads = NONE): SystemDataflow {
  const address = valueRegisters(ea);
  return { reads: address | reads, writes, memory: { kind: "load", bytes, address } };
}

function stores(ea: Operand | undefined, bytes: number, reads: RegisterSet, writes = NONE): SystemDataflow {
  const address = valueRegisters(ea);
  return { reads: address | reads, writes, memory: { kind: "store", bytes, address } };
}

/** A result in one GPR from the values among the operands. */
function result(operands: readonly Operand[], writes = NONE, reads = NONE): SystemDataflow {
  const from = operands.map(valueRegisters).reduce((a, b) => a | b, NONE);
  return { reads: from | reads, writes: writes | only(number(operands[0])) };
}

/** divde, divdeu: OE and Rc stand behind. */
function division(operands: readonly Operand[]): SystemDataflow {
  const [OE, Rc] = [number(operands[3]), number(operands[4])];
  const writes = (OE === 1 ? OVERFLOW : NONE) | (Rc === 1 ? CR0 : NONE);
  return result(operands, writes, writes === NONE ? NONE : only(REGISTER.SO));
}

const QUAD = 16;
const BLOCK = 128;

/** Where the string operations have their count. */
const XER_COUNT = only(REGISTER.OTHER);

type Describe = (operands: readonly Operand[]) => SystemDataflow;

// One line an operation, operands as SystemOperations has them.
// prettier-ignore
const operations: Readonly<Partial<Record<SystemOperation, Describe>>> = Object.freeze({
  lmw:    ([RT, ea]) => loads(ea, 4 * (32 - number(RT)), gprs(number(RT), 32 - number(RT))),
  stmw:   ([RS, ea]) => stores(ea, 4 * (32 - number(RS)), gprs(number(RS), 32 - number(RS))),
  lswi:   ([RT, ea, n]) => loads(ea, bytesOf(n), gprs(number(RT), Math.ceil(bytesOf(n) / 4))),
  stswi:  ([RS, ea, n]) => stores(ea, bytesOf(n), gprs(number(RS), Math.ceil(bytesOf(n) / 4))),
  // a count of 0 leaves registers as they are, so they are read too
  lswx:   ([, ea]) => loads(ea, 0, gprs(0, ANY_COUNT), XER_COUNT | gprs(0, ANY_COUNT)),
  stswx:  ([, ea]) => stores(ea, 0, XER_COUNT | gprs(0, ANY_COUNT)),
  lq:     ([RT, ea]) => loads(ea, QUAD, gprs(number(RT), 2)),
  plq:    ([RT, ea]) => loads(ea, QUAD, gprs(number(RT), 2)),
  lqarx:  ([RT, ea]) => loads(ea, QUAD, gprs(number(RT), 2)),
  stq:    ([RS, ea]) => stores(ea, QUAD, gprs(number(RS), 2)),
  pstq:   ([RS, ea]) => stores(ea, QUAD, gprs(number(RS), 2)),
  stqcx:  ([RS, ea]) => stores(ea, QUAD, gprs(number(RS), 2) | only(REGISTER.SO), CR0),
  dcbz:   ([ea]) => stores(ea, BLOCK, NONE),
  addex:  (operands) => result(operands, only(REGISTER.OV), only(REGISTER.OV)),
  mcrxrx: ([BF]) => ({ reads: only(REGISTER.OV) | only(REGISTER.CA), writes: only(REGISTER.CR + number(BF)) }),
  divde:  division,
  divdeu: division,
  bpermd: result, cntlzdm: result, cnttzdm: result, pdepd: result, pextd: result, cfuged: result,
  pnop:   () => ({ reads: NONE, writes: NONE }),
  attn:   () => ({ reads: NONE, writes: NONE }),
});

/** What the operation depends on; undefined where that is not described: everything. */
export function systemDataflow(
  name: SystemOperation,
  operands: readonly Operand[],
): SystemDataflow | undefined {
  return operations[name]?.(operands);
}
