// The verbs of rows as code of the interpreter: shape fields are known, operand fields are read from the word at run time.
// 64-bit mode alone. What is rare leaves the code: the reference engine steps that instruction.
import type { Bytes, Machine, NamedSpr, Sign, Sum } from "../isa/machine.ts";
import type { Row } from "../isa/row.ts";
import type { CrBit, CrField, Field, Gpr, Imm, Operand, Spr } from "../isa/pattern.ts";
import { SPR } from "../spr.ts";
import { STATE, type Endian } from "../state.ts";
import { Emitter, GenerateError, type Code } from "../wasm/emitter.ts";
import {
  binary,
  complemented,
  constant,
  known,
  loadState,
  local,
  ofField,
  PURE,
  select,
  unary,
} from "../wasm/node.ts";
import type { Node } from "../wasm/node.ts";
import type { Numeric } from "../wasm/opcodes.ts";
import { Accesses } from "./access.ts";
import { immediate, invalidForm, take } from "./fields.ts";
import { Difference, Total } from "./sum.ts";
import { FIRST_TEMPORARY, LOCAL, TEMPORARIES32, TEMPORARIES64, type Recording } from "./locals.ts";

const pc = local(LOCAL.PC, 64);
const zero = constant(0);

/** An operand field is its description here. */
function fieldOf(operand: Operand): Field {
  return operand as unknown as Field;
}

function i32(n: number): Node {
  return constant(n, 32);
}

/** One handler's code. */
export class InterpreterMachine implements Machine<Node, Node> {
  readonly #emitter: Emitter;
  readonly #endian: Endian;
  readonly #accesses: Accesses;
  #left = false;
  /** Then PC is the suffix's address until the end. */
  #prefixed = false;

  constructor(what: string, endian: Endian, recording: Recording) {
    this.#emitter = new Emitter(what, FIRST_TEMPORARY);
    this.#endian = endian;
    this.#accesses = new Accesses(this.#emitter, endian, recording);
  }

  /** Code before the row's own: leaves where the fields make an invalid form. */
  begin(row: Row, shape: Readonly<Record<string, number>>): void {
    this.#prefixed = row.prefix !== undefined;
    const invalid = invalidForm(row, shape);
    if (invalid !== undefined) this.#emitter.leaveIf(invalid);
  }

  /** The handler: falls back to the dispatcher where it did not leave. */
  finish(): Code {
    const { used, what } = this.#emitter;
    if (used[64] > TEMPORARIES64 || used[32] > TEMPORARIES32)
      throw new GenerateError(`${what}: ${used[64]} + ${used[32]} temporaries`);
    if (!this.#left) {
      if (this.#prefixed) this.#emitter.setLocal(LOCAL.PC, binary("i64.add", pc, constant(4)));
      this.#emitter.exit("dispatch");
    }
    return this.#emitter.code;
  }

  /** Gives the instruction to the reference engine, whatever was computed so far. */
  #leave(): void {
    if (this.#left) return;
    if (this.#emitter.writes > 0) throw new GenerateError(`${this.#emitter.what}: leaves after a write`);
    this.#emitter.code = [];
    this.#emitter.exit("leave");
    this.#left = true;
  }

  #state(offset: number, width: 32 | 64, address?: Node): Node {
    return loadState(offset, width, this.#emitter.writes, address);
  }

  #setState(offset: number, value: Node, address?: Node): void {
    if (!this.#left) this.#emitter.storeState(offset, value, address);
  }

  imm(x: Imm | number): Node {
    if (typeof x === "number") return constant(x);
    const field = fieldOf(x);
    return ofField(immediate(field), field);
  }
  gpr(r: Gpr): Node {
    const field = fieldOf(r);
    const at = take(field, 3);
    if (field.name !== "RA0") return this.#state(STATE.GPR, 64, at);
    const place = this.let(at);
    return select(place, this.#state(STATE.GPR, 64, place), zero);
  }
  setGpr(r: Gpr, v: Node): void {
    this.#setState(STATE.GPR, v, take(fieldOf(r), 3));
  }
  let(v: Node): Node {
    return this.#left ? v : this.#emitter.bind(v);
  }
  letB(b: Node): Node {
    return this.let(b);
  }

  add(a: Node, b: Node): Node {
    return binary("i64.add", a, b);
  }
  sub(a: Node, b: Node): Node {
    return binary("i64.sub", a, b);
  }
  mul(a: Node, b: Node): Node {
    return binary("i64.mul", a, b);
  }
  and(a: Node, b: Node): Node {
    return binary("i64.and", a, b);
  }
  or(a: Node, b: Node): Node {
    return binary("i64.or", a, b);
  }
  xor(a: Node, b: Node): Node {
    return binary("i64.xor", a, b);
  }
  not(a: Node): Node {
    return binary("i64.xor", a, constant(-1));
  }
  shl(a: Node, n: Node): Node {
    return binary("i64.shl", a, n);
  }
  shr(a: Node, n: Node): Node {
    return binary("i64.shr_u", a, n);
  }
  sar(a: Node, n: Node): Node {
    return binary("i64.shr_s", a, n);
  }
  rotl(a: Node, n: Node): Node {
    return binary("i64.rotl", a, n);
  }
  rotl32(a: Node, n: Node): Node {
    const rotated = binary("i32.rotl", unary("i32.wrap_i64", a), unary("i32.wrap_i64", n));
    const low = this.let(unary("i64.extend_i32_u", rotated));
    return this.or(low, this.shl(low, constant(32)));
  }
  mask(size: 32 | 64, mb: Node, me: Node): Node {
    if (size === 32) {
      if (mb.field === undefined || me.field === undefined)
        throw new GenerateError(`${this.#emitter.what}: a 32-bit mask of other than fields`);
      return loadState(STATE.MASKS, 64, PURE, binary("i32.or", take(mb.field, 8), take(me.field, 3)));
    }
    if (known(me) === 63n) return this.shr(constant(-1), mb);
    if (known(mb) === 0n) return this.shl(constant(-1), this.xor(me, constant(63)));
    return binary("i64.rotr", this.shl(constant(-1), this.not(this.sub(me, mb))), mb);
  }
  sext(bits: 8 | 16 | 32, v: Node): Node {
    return unary(`i64.extend${bits}_s`, v);
  }
  zext(bits: 8 | 16 | 32, v: Node): Node {
    return this.and(v, constant(2 ** bits - 1));
  }
  clz(bits: 32 | 64, v: Node): Node {
    return this.#counted("clz", bits, v);
  }
  ctz(bits: 32 | 64, v: Node): Node {
    return this.#counted("ctz", bits, v);
  }
  #counted(op: "clz" | "ctz", bits: 32 | 64, v: Node): Node {
    if (bits === 64) return unary(`i64.${op}`, v);
    return unary("i64.extend_i32_u", unary(`i32.${op}`, unary("i32.wrap_i64", v)));
  }
  popcount(bits: 8 | 32 | 64, v: Node): Node {
    if (bits === 64) return unary("i64.popcnt", v);
    const x = this.let(v);
    if (bits === 32) {
      const high = this.and(x, constant(0xffff_ffff_0000_0000n));
      const low = unary("i64.popcnt", this.zext(32, x));
      return this.or(this.shl(unary("i64.popcnt", high), constant(32)), low);
    }
    // sums of 2, then 4, then 8 neighboring bits
    const parts = (node: Node, shift: number, keep: bigint): readonly [Node, Node] => [
      this.and(node, constant(keep)),
      this.and(this.shr(node, constant(shift)), constant(keep)),
    ];
    const pairs = this.let(this.add(...parts(x, 1, 0x5555_5555_5555_5555n)));
    const nibbles = this.let(this.add(...parts(pairs, 2, 0x3333_3333_3333_3333n)));
    return this.add(...parts(nibbles, 4, 0x0f0f_0f0f_0f0f_0f0fn));
  }
  mulHigh(sign: Sign, a: Node, b: Node): Node {
    const x = this.let(a);
    const y = this.let(b);
    const low = (node: Node): Node => this.zext(32, node);
    const high = (node: Node): Node => this.shr(node, constant(32));
    const first = this.mul(low(x), low(y));
    const middle = this.let(this.add(this.mul(high(x), low(y)), high(first)));
    const other = this.let(this.add(this.mul(low(x), high(y)), low(middle)));
    const product = this.add(this.add(this.mul(high(x), high(y)), high(middle)), high(other));
    if (sign === "unsigned") return product;
    const correction = (p: Node, q: Node): Node => this.and(this.sar(p, constant(63)), q);
    return this.sub(this.sub(product, correction(x, y)), correction(y, x));
  }
  quotient(sign: Sign, a: Node, b: Node): Node {
    return this.#divide(sign === "signed" ? "i64.div_s" : "i64.div_u", a, b);
  }
  remainder(sign: Sign, a: Node, b: Node): Node {
    return this.#divide(sign === "signed" ? "i64.rem_s" : "i64.rem_u", a, b);
  }
  /** WebAssembly traps where the manual leaves the result open: divide by 1 there and take 0. */
  #divide(op: Numeric, a: Node, b: Node): Node {
    const x = this.let(a);
    const y = this.let(b);
    const byZero = this.eq(y, zero);
    const least = this.both(this.eq(x, constant(1n << 63n)), this.eq(y, constant(-1)));
    const impossible = this.let(op.endsWith("_s") ? this.either(byZero, least) : byZero);
    return select(impossible, zero, binary(op, x, select(impossible, constant(1), y)));
  }
  addc(a: Node, b: Node, c: Node | 0 | 1): Sum<Node, Node> {
    const carry = typeof c === "number" ? i32(c) : c;
    const subtrahend = c === 1 ? complemented(a) : undefined;
    return subtrahend === undefined ? new Total(this, a, b, carry) : new Difference(this, subtrahend, b);
  }

  eq(a: Node, b: Node): Node {
    return binary("i64.eq", a, b);
  }
  ltS(a: Node, b: Node): Node {
    return binary("i64.lt_s", a, b);
  }
  ltU(a: Node, b: Node): Node {
    return binary("i64.lt_u", a, b);
  }
  no(b: Node): Node {
    return unary("i32.eqz", b);
  }
  both(a: Node, b: Node): Node {
    return binary("i32.and", a, b);
  }
  either(a: Node, b: Node): Node {
    return binary("i32.or", a, b);
  }
  select(c: Node, a: Node, b: Node): Node {
    return select(c, a, b);
  }
  bit(b: Node): Node {
    return unary("i64.extend_i32_u", b);
  }
  isZero(v: Node): Node {
    return this.eq(v, zero);
  }

  ca(): Node {
    return this.#state(STATE.CA, 32);
  }
  setCa(ca: Node, ca32: Node): void {
    this.#setState(STATE.CA, ca);
    this.#setState(STATE.CA32, ca32);
  }
  setOv(ov: Node, ov32: Node): void {
    const overflow = this.let(ov);
    this.#setState(STATE.OV, overflow);
    this.#setState(STATE.OV32, ov32);
    this.#setState(STATE.SO, this.either(this.so(), overflow));
  }
  so(): Node {
    return this.#state(STATE.SO, 32);
  }
  #crPlace(field: CrField | 0): Node {
    return field === 0 ? i32(0) : take(fieldOf(field), 2);
  }
  compare(order: Sign, field: CrField | 0, a: Node, b: Node): void {
    const x = this.let(a);
    const y = this.let(b);
    // 8 LT, 4 GT, 2 EQ: GT is one place right of LT, EQ two
    const notLess = binary(order === "signed" ? "i64.ge_s" : "i64.ge_u", x, y);
    const places = binary("i32.add", notLess, this.eq(x, y));
    const nibble = this.either(binary("i32.shr_u", i32(8), places), this.so());
    this.#setState(STATE.CR, nibble, this.#crPlace(field));
  }
  record(v: Node): void {
    this.compare("signed", 0, v, zero);
  }
  /** Where the nibble of a CR bit lies, and how far its bit is from the right. */
  #crBitPlace(i: CrBit): readonly [place: Node, shift: Node] {
    const field = fieldOf(i);
    return [take(field, 2, 0b11100), binary("i32.xor", take(field, 0, 0b00011), i32(3))];
  }
  crBit(i: CrBit): Node {
    const [place, shift] = this.#crBitPlace(i);
    return binary("i32.and", binary("i32.shr_u", this.#state(STATE.CR, 32, place), shift), i32(1));
  }
  setCrBit(i: CrBit, b: Node): void {
    const bit = this.let(b);
    const [place, shift] = this.#crBitPlace(i);
    const others = binary("i32.xor", binary("i32.shl", i32(1), shift), i32(-1));
    const kept = binary("i32.and", this.#state(STATE.CR, 32, place), others);
    this.#setState(STATE.CR, this.either(kept, binary("i32.shl", bit, shift)), place);
  }
  crField(f: CrField): Node {
    return this.bit(this.#state(STATE.CR, 32, this.#crPlace(f)));
  }
  setCrField(f: CrField, v: Node): void {
    this.#setState(STATE.CR, unary("i32.wrap_i64", v), this.#crPlace(f));
  }
  cr(): Node {
    let cr = i32(0);
    for (let field = 0; field < 8; field++) {
      const nibble = this.#state(STATE.CR + 4 * field, 32);
      cr = this.either(cr, binary("i32.shl", nibble, i32(28 - 4 * field)));
    }
    return this.bit(cr);
  }
  setCr(v: Node): void {
    const cr = this.let(unary("i32.wrap_i64", v));
    for (let field = 0; field < 8; field++) {
      const nibble = binary("i32.and", binary("i32.shr_u", cr, i32(28 - 4 * field)), i32(15));
      this.#setState(STATE.CR + 4 * field, nibble);
    }
  }
  /** LR and CTR lie side by side; any other number leaves. */
  #sprPlace(s: Spr): Node {
    const number = this.let(take(fieldOf(s)));
    const either = binary("i32.ne", binary("i32.and", number, i32(~1)), i32(SPR.LR));
    this.#emitter.leaveIf(either);
    return binary("i32.shl", binary("i32.and", number, i32(1)), i32(3));
  }
  spr(s: Spr | NamedSpr): Node {
    if (s === "LR" || s === "CTR") return this.#state(STATE[s], 64);
    if (s === "TAR") {
      this.#leave(); // FSCR may forbid it
      return zero;
    }
    return this.#state(STATE.LR, 64, this.#sprPlace(s));
  }
  setSpr(s: Spr | NamedSpr, v: Node): void {
    if (s === "LR" || s === "CTR") this.#setState(STATE[s], v);
    else if (s === "TAR") this.#leave();
    else this.#setState(STATE.LR, v, this.#sprPlace(s));
  }

  load(bytes: Bytes, ea: Node, order: "guest" | "reversed" = "guest"): Node {
    return this.#left ? zero : this.#accesses.load(bytes, ea, order);
  }
  store(bytes: Bytes, ea: Node, v: Node, order: "guest" | "reversed" = "guest"): void {
    if (!this.#left) this.#accesses.store(bytes, ea, v, order);
  }
  loadReserve(bytes: Bytes, ea: Node): Node {
    return this.#accesses.loadReserve(bytes, ea);
  }
  storeConditional(bytes: Bytes, ea: Node, v: Node): void {
    const stored = this.#accesses.storeConditional(bytes, ea, v);
    this.#setState(STATE.CR, this.either(binary("i32.shl", stored, i32(1)), this.so()));
  }
  trap(when: Node): void {
    this.#emitter.leaveIf(when);
  }

  /** PC is the next instruction's address already, or the suffix's. */
  cia(): Node {
    return this.add(pc, constant(-4));
  }
  jump(target: Node, when?: Node): void {
    if (this.#left) return;
    const emitter = this.#emitter;
    const to = when === undefined ? target : select(when, target, pc);
    // hot: bench cpu: the fetch of a big-endian guest waits longer for PC, so guessing wins there (+10 %); elsewhere it loses 6 %
    if (when === undefined || this.#endian === "le") emitter.setLocal(LOCAL.PC, to);
    else
      emitter.when(when, () => {
        emitter.setLocal(LOCAL.PC, target);
      });
  }
  supervisorCall(): void {
    this.#leave();
  }
  system(): void {
    this.#leave();
  }
}
