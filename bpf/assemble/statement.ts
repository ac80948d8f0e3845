// One statement of LLVM's BPF syntax to its instruction slots. Knows no labels and no directives: program.ts does.
import { parseU64 } from "../../word/long.ts";
import { insn, type Insn } from "../insn.ts";
import {
  BPF_ABS,
  BPF_ALU,
  BPF_ALU64,
  BPF_ATOMIC,
  BPF_B,
  BPF_CALL,
  BPF_CMPXCHG,
  BPF_DW,
  BPF_END,
  BPF_EXIT,
  BPF_FETCH,
  BPF_H,
  BPF_IND,
  BPF_JA,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD,
  BPF_LD_IMM64,
  BPF_LDX,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MOV,
  BPF_NEG,
  BPF_PSEUDO_FUNC,
  BPF_ST,
  BPF_STX,
  BPF_TO_BE,
  BPF_TO_LE,
  BPF_W,
  BPF_X,
  BPF_XCHG,
} from "../opcodes.ts";
import { aluSymbols, fetchNames, jumpSymbols, signedSymbols } from "../print/symbols.ts";

/** Slots, and the operand text of a jump or call whose distance is still to be filled in. */
export interface Statement {
  readonly insns: readonly Insn[];
  readonly target?: {
    readonly field: "off" | "imm";
    readonly kind: "jump" | "call" | "address";
    readonly text: string;
  };
}

/** What is wrong with a statement, without its place. */
export class StatementError extends Error {
  override readonly name = "StatementError";
}

const fail = (message: string): never => {
  throw new StatementError(message);
};

/** Longest statement that is looked at; none comes near it, and matching takes quadratic time. */
const MAX_LENGTH = 500;
const REG = "([rw]\\d+)";
const AT = "\\(\\s*(r\\d+)\\s*([+-].*?)?\\s*\\)"; // (r1 + 4): base, displacement
const NUMBER = "[+-]?\\s*\\w+";
const full = (pattern: string): RegExp => new RegExp(`^${pattern.replaceAll(" ", "\\s*")}$`);

const invert = (map: ReadonlyMap<number, string>): ReadonlyMap<string, number> =>
  new Map([...map].map(([operation, symbol]) => [symbol, operation]));
const aluOperations = invert(aluSymbols);
const signedOperations = invert(signedSymbols);
const jumpOperations = invert(jumpSymbols);
const fetchOperations = invert(fetchNames);
const sizes: ReadonlyMap<string, number> = new Map([
  ["8", BPF_B],
  ["16", BPF_H],
  ["32", BPF_W],
  ["64", BPF_DW],
]);

interface Register {
  readonly wide: boolean;
  readonly number: number;
}

function register(text: string): Register {
  const number = Number(text.slice(1));
  if (number > 10) fail(`no register ${text}: r0 to r10 exist`);
  return { wide: text.startsWith("r"), number };
}

function isRegister(text: string): boolean {
  return /^[rw]\d+$/.test(text);
}

function integer(text: string, low: number, high: number): number {
  const value = parseU64(text.replaceAll(/\s/g, ""));
  if (value === undefined) return fail(`${text.trim()} is not a number`);
  const n = text.trim().startsWith("-") ? value.toSigned().toNumber() : value.toNumber();
  if (n < low || n > high) return fail(`${text.trim()} is out of range ${low} to ${high}`);
  return n;
}

const imm32 = (text: string): number => integer(text, -0x8000_0000, 0xffff_ffff) | 0;
// The displacement's sign may be doubled: `(r1 + -4)`.
const displacement = (text: string): number => {
  if (text === "") return 0;
  const match = /^([+-])\s*(.*)$/.exec(text);
  const value = integer(match?.[2] ?? text, -0x8000, 0x8000);
  const off = match?.[1] === "-" ? -value : value;
  return off < -0x8000 || off > 0x7fff ? fail(`offset ${off} needs more than 16 bits`) : off;
};
const sizeNamed = (bits: string | undefined): number =>
  sizes.get(bits ?? "") ?? fail(`no size of ${bits ?? ""} bits`);

type Form = readonly [pattern: RegExp, build: (...parts: string[]) => Statement];
const one = (code: number, fields: Parameters<typeof insn>[1] = {}): Statement => ({
  insns: [insn(code, fields)],
});

// prettier-ignore
// One form a line, tried in order.
const forms: readonly Form[] = [
  [/^exit$/,                                              () => one(BPF_JMP | BPF_EXIT)],
  [/^goto\b\s*(.+)$/,                                     (text) => ({ ...one(BPF_JMP | BPF_JA), target: { field: "off", kind: "jump", text } })],
  [/^gotol\s+(.+)$/,                                      (text) => ({ ...one(BPF_JMP32 | BPF_JA), target: { field: "imm", kind: "jump", text } })],
  [/^call\s+(.+)$/,                                       (text) => ({ ...one(BPF_JMP | BPF_CALL), target: { field: "imm", kind: "call", text } })],
  [/^callx\s+(r\d+)$/,                                    (r) => one(BPF_JMP | BPF_CALL | BPF_X, { dst: register(r).number })],
  [/^if\s+([rw]\d+)\s*(s?[<>]=?|[!=]=|&)\s*(.+?)\s+goto\s*(.+)$/, conditional],
  [full(`lock\\s \\*\\( u(32|64) \\* \\) ${AT} ([-+&|^]=) ${REG}`), lockedForm],
  [full(`\\*\\( u(8|16|32|64) \\* \\) ${AT} = (${NUMBER})`), store],
  [full(`r0 = \\*\\( u(8|16|32) \\* \\) skb \\[ (${NUMBER}) \\]`), packet],
  [full(`${REG} = \\*\\( ([us])(8|16|32|64) \\* \\) ${AT}`),  load],
  [full(`${REG} = atomic_fetch_(add|or|and|xor) \\( \\( u(32|64) \\* \\) ${AT} , ${REG} \\)`), fetch],
  [full(`${REG} = xchg(_64|32_32) \\( (r\\d+) ([+-].*?)? , ${REG} \\)`), (dst, width, base, off, src) => exchange(dst, width, base, off, dst, src)],
  [full(`${REG} = cmpxchg(_64|32_32) \\( (r\\d+) ([+-].*?)? , ${REG} , ${REG} \\)`), compareExchange],
  [full(`(r\\d+) = ([A-Za-z_.$][\\w.$]*)\\s+ll`),         functionAddress],
  [full(`(r\\d+) = (${NUMBER})\\s+ll`),                   (dst, value) => wideImmediate(dst, "0", value)],
  [full(`ld_pseudo\\s (r\\d+) , (\\d+) , (${NUMBER})`),   wideImmediate],
  [full(`${REG} = (be|le|bswap)(16|32|64)\\s ${REG}`),    swap],
  [full(`${REG} = - ([rw]\\d+)`),                         negate],
  [full(`${REG} = \\( s(8|16|32) \\) ${REG}`),            signExtend],
  [full(`${REG} (s>>=|s/=|s%=|<<=|>>=|[-+*/|&^%]=|=) (${NUMBER})`), arithmetic],
];

function conditional(left = "", comparison = "", right = "", text = ""): Statement {
  const a = register(left);
  const operation = jumpOperations.get(comparison) ?? fail(`no comparison ${comparison}`);
  const code = (a.wide ? BPF_JMP : BPF_JMP32) | operation;
  const target = { field: "off", kind: "jump", text } as const;
  if (!isRegister(right)) return { ...one(code, { dst: a.number, imm: imm32(right) }), target };
  const b = sameWidth(a, right);
  return { ...one(code | BPF_X, { dst: a.number, src: b.number }), target };
}

function sameWidth(a: Register, text: string): Register {
  const b = register(text);
  return b.wide === a.wide ? b : fail(`${text} and ${a.wide ? "r" : "w"}${a.number} are of different width`);
}

function atomicInsn(bits: string, base: string, off: string, src: string, imm: number): Statement {
  const code = BPF_STX | BPF_ATOMIC | sizeNamed(bits);
  return one(code, { dst: register(base).number, off: displacement(off), src: register(src).number, imm });
}

function lockedForm(bits = "", base = "", off = "", symbol = "", src = ""): Statement {
  const operation = aluOperations.get(symbol);
  if (operation === undefined || !fetchNames.has(operation)) return fail(`no atomic ${symbol}`);
  return atomicInsn(bits, base, off, src, operation);
}

function fetch(dst = "", name = "", bits = "", base = "", off = "", src = ""): Statement {
  if (dst !== src)
    return fail(`result ${dst} and operand ${src} of atomic_fetch_${name} must be one register`);
  return atomicInsn(bits, base, off, src, (fetchOperations.get(name) ?? 0) | BPF_FETCH);
}

function exchange(dst = "", width = "", base = "", off = "", same = "", src = ""): Statement {
  if (same !== src) return fail(`result ${dst} and operand ${src} of xchg must be one register`);
  return atomicInsn(width === "_64" ? "64" : "32", base, off, src, BPF_XCHG);
}

function compareExchange(dst = "", width = "", base = "", off = "", old = "", src = ""): Statement {
  if (register(dst).number !== 0 || old !== dst) return fail("cmpxchg compares with r0 and returns in r0");
  return atomicInsn(width === "_64" ? "64" : "32", base, off, src, BPF_CMPXCHG);
}

function store(bits = "", base = "", off = "", value = ""): Statement {
  const at = { dst: register(base).number, off: displacement(off) };
  if (isRegister(value))
    return one(BPF_STX | BPF_MEM | sizeNamed(bits), { ...at, src: register(value).number });
  return one(BPF_ST | BPF_MEM | sizeNamed(bits), { ...at, imm: imm32(value) });
}

function packet(bits = "", at = ""): Statement {
  if (isRegister(at)) return one(BPF_LD | BPF_IND | sizeNamed(bits), { src: register(at).number });
  return one(BPF_LD | BPF_ABS | sizeNamed(bits), { imm: imm32(at) });
}

function load(dst = "", sign = "", bits = "", base = "", off = ""): Statement {
  if (sign === "s" && bits === "64") return fail("a 64-bit load has no sign to extend");
  const mode = sign === "s" ? BPF_MEMSX : BPF_MEM;
  const at = { src: register(base).number, off: displacement(off) };
  return one(BPF_LDX | mode | sizeNamed(bits), { dst: register(dst).number, ...at });
}

function wideImmediate(dst = "", src = "", text = ""): Statement {
  const value = parseU64(text.replaceAll(/\s/g, "")) ?? fail(`${text} is not a 64-bit number`);
  const first = insn(BPF_LD_IMM64, { dst: register(dst).number, src: Number(src) & 0xf, imm: value.low });
  return { insns: [first, insn(0, { imm: value.high })] };
}

function functionAddress(dst = "", text = ""): Statement {
  const first = insn(BPF_LD_IMM64, { dst: register(dst).number, src: BPF_PSEUDO_FUNC });
  return { insns: [first, insn(0)], target: { field: "imm", kind: "address", text } };
}

function swap(dst = "", order = "", bits = "", src = ""): Statement {
  if (dst !== src) return fail(`${order}${bits} works in one register, not from ${src} to ${dst}`);
  const direction = order === "be" ? BPF_TO_BE : BPF_TO_LE;
  const code = (order === "bswap" ? BPF_ALU64 : BPF_ALU) | BPF_END | direction;
  return one(code, { dst: register(dst).number, imm: Number(bits) });
}

function negate(dst = "", src = ""): Statement {
  if (dst !== src) return fail(`negation works in one register, not from ${src} to ${dst}`);
  const r = register(dst);
  return one((r.wide ? BPF_ALU64 : BPF_ALU) | BPF_NEG, { dst: r.number });
}

function signExtend(dst = "", bits = "", src = ""): Statement {
  const r = register(dst);
  if (!r.wide && bits === "32") return fail("a 32-bit register has no upper half to extend into");
  const fields = { dst: r.number, src: sameWidth(r, src).number, off: Number(bits) };
  return one((r.wide ? BPF_ALU64 : BPF_ALU) | BPF_MOV | BPF_X, fields);
}

function arithmetic(dst = "", symbol = "", value = ""): Statement {
  const r = register(dst);
  const signed = signedOperations.get(symbol);
  const operation = signed ?? aluOperations.get(symbol) ?? fail(`no operator ${symbol}`);
  const code = (r.wide ? BPF_ALU64 : BPF_ALU) | operation;
  const fields = { dst: r.number, off: signed === undefined ? 0 : 1 };
  if (!isRegister(value)) return one(code, { ...fields, imm: imm32(value) });
  // `r1 = w2` is the 32-bit move, which fills the upper half with zeros.
  const source = register(value);
  if (symbol === "=" && r.wide && !source.wide)
    return one(BPF_ALU | BPF_MOV | BPF_X, { ...fields, src: source.number });
  return one(code | BPF_X, { ...fields, src: sameWidth(r, value).number });
}

/**
 * Assembles one statement, without label, comment or directive.
 * @throws StatementError naming what is wrong with it.
 */
export function assembleStatement(text: string): Statement {
  if (text.length > MAX_LENGTH) return fail(`${text.length} characters are no instruction`);
  for (const [pattern, build] of forms) {
    const match = pattern.exec(text);
    if (match !== null) return build(...match.slice(1));
  }
  return fail(`not an instruction: ${text}`);
}
