// The assembly language of the bpf_conformance project's test files, as its tests use it:
// `mnemonic operand, operand`, registers `%r0`, memory `[%r1+2]`, jumps to `label` or `+3`.
import { insn as make, type Insn } from "../../bpf/insn.ts";
import * as op from "../../bpf/opcodes.ts";
import { parseU64, type U64 } from "../../word/long.ts";

/** A test file that cannot be read. */
export class ConformanceSyntaxError extends Error {
  override readonly name = "ConformanceSyntaxError";
}

const aluOperations: Readonly<Record<string, number>> = {
  add: op.BPF_ADD,
  sub: op.BPF_SUB,
  mul: op.BPF_MUL,
  div: op.BPF_DIV,
  sdiv: op.BPF_DIV,
  or: op.BPF_OR,
  and: op.BPF_AND,
  lsh: op.BPF_LSH,
  rsh: op.BPF_RSH,
  neg: op.BPF_NEG,
  mod: op.BPF_MOD,
  smod: op.BPF_MOD,
  xor: op.BPF_XOR,
  mov: op.BPF_MOV,
  arsh: op.BPF_ARSH,
};
const conditions: Readonly<Record<string, number>> = {
  jeq: op.BPF_JEQ,
  jgt: op.BPF_JGT,
  jge: op.BPF_JGE,
  jset: op.BPF_JSET,
  jne: op.BPF_JNE,
  jsgt: op.BPF_JSGT,
  jsge: op.BPF_JSGE,
  jlt: op.BPF_JLT,
  jle: op.BPF_JLE,
  jslt: op.BPF_JSLT,
  jsle: op.BPF_JSLE,
};
const atomicOperations: Readonly<Record<string, number>> = {
  add: op.BPF_ADD,
  or: op.BPF_OR,
  and: op.BPF_AND,
  xor: op.BPF_XOR,
  xchg: op.BPF_XCHG,
  cmpxchg: op.BPF_CMPXCHG,
};
const sizes: Readonly<Record<string, number>> = { b: op.BPF_B, h: op.BPF_H, w: op.BPF_W, dw: op.BPF_DW };
const swaps: Readonly<Record<string, number>> = {
  le: op.BPF_ALU | op.BPF_END | op.BPF_TO_LE,
  be: op.BPF_ALU | op.BPF_END | op.BPF_TO_BE,
  swap: op.BPF_ALU64 | op.BPF_END,
  bswap: op.BPF_ALU64 | op.BPF_END,
};

/** An instruction whose label, if any, still has to be put in. */
interface Pending {
  readonly insns: readonly Insn[];
  readonly label?: string;
  readonly field?: "off" | "imm";
}

/** @throws ConformanceSyntaxError naming the line's text */
export function assembleConformance(lines: readonly string[]): readonly Insn[] {
  const labels = new Map<string, number>();
  const pending: (Pending & { readonly slot: number })[] = [];
  let slot = 0;
  for (const line of lines) {
    const [mnemonic = "", ...words] = line
      .trim()
      .split(/[\s,]+/)
      .filter((word) => word !== "");
    if (mnemonic.endsWith(":")) {
      labels.set(mnemonic.slice(0, -1), slot);
      continue;
    }
    // The first exit is a label of that name.
    if (mnemonic === "exit" && !labels.has("exit")) labels.set("exit", slot);
    const one = statement(mnemonic, words, line);
    pending.push({ ...one, slot });
    slot += one.insns.length;
  }
  return pending.flatMap(({ insns: [first, ...rest], label, field, slot: at }) => {
    if (first === undefined || label === undefined) return first === undefined ? [] : [first, ...rest];
    const target = labels.get(label);
    if (target === undefined) throw new ConformanceSyntaxError(`no label ${label}`);
    return [make(first.code, { ...first, [field ?? "off"]: target - at - 1 })];
  });
}

function statement(mnemonic: string, words: readonly string[], line: string): Pending {
  const bad = (): never => {
    throw new ConformanceSyntaxError(`not an instruction: ${line.trim()}`);
  };
  const word = (i: number): string => words[i] ?? bad();
  const swap = /^(le|be|b?swap)(16|32|64)$/.exec(mnemonic);
  if (swap !== null)
    return { insns: [make(swaps[swap[1] ?? ""] ?? bad(), { dst: register(word(0)), imm: Number(swap[2]) })] };
  if (mnemonic === "lock") return { insns: [atomic(words, bad)] };
  if (mnemonic === "exit") return { insns: [make(op.BPF_JMP | op.BPF_EXIT)] };
  if (mnemonic === "lddw") return { insns: wideLoad(register(word(0)), number64(word(1))) };
  const access = memoryAccess(mnemonic, word);
  if (access !== undefined) return { insns: [access] };
  const jump = jumpStatement(mnemonic, words, word);
  if (jump !== undefined) return jump;
  return { insns: [arithmetic(mnemonic, words) ?? bad()] };
}

function wideLoad(dst: number, value: U64): readonly Insn[] {
  return [make(op.BPF_LD_IMM64, { dst, imm: value.low }), make(0, { imm: value.high })];
}

function memoryAccess(mnemonic: string, word: (i: number) => string): Insn | undefined {
  const match = /^(ldxs|ldx|stx|st)(b|h|w|dw)$/.exec(mnemonic);
  const size = sizes[match?.[2] ?? ""];
  if (match === null || size === undefined) return undefined;
  const [, kind] = match;
  if (kind === "ldx" || kind === "ldxs") {
    const { base, off } = place(word(1));
    const mode = kind === "ldx" ? op.BPF_MEM : op.BPF_MEMSX;
    return make(op.BPF_LDX | mode | size, { dst: register(word(0)), src: base, off });
  }
  const { base, off } = place(word(0));
  return kind === "stx"
    ? make(op.BPF_STX | op.BPF_MEM | size, { dst: base, off, src: register(word(1)) })
    : make(op.BPF_ST | op.BPF_MEM | size, { dst: base, off, imm: number32(word(1)) });
}

/** `lock [fetch] OPERATION[32] [%rD+OFF], %rS`. */
function atomic(words: readonly string[], bad: () => never): Insn {
  const fetch = words[0] === "fetch";
  const [name = "", where = "", source = ""] = fetch ? words.slice(1) : words;
  const operation = atomicOperations[name.replace(/32$/, "")] ?? bad();
  const { base, off } = place(where);
  return make(op.BPF_STX | op.BPF_ATOMIC | (name.endsWith("32") ? op.BPF_W : op.BPF_DW), {
    dst: base,
    src: register(source),
    off,
    imm: fetch ? operation | op.BPF_FETCH : operation,
  });
}

function jumpStatement(
  mnemonic: string,
  words: readonly string[],
  word: (i: number) => string,
): Pending | undefined {
  if (mnemonic === "call") return call(words);
  if (mnemonic === "ja") return toTarget(make(op.BPF_JMP | op.BPF_JA), word(0), "off");
  if (mnemonic === "ja32") return toTarget(make(op.BPF_JMP32 | op.BPF_JA), word(0), "imm");
  const half = mnemonic.endsWith("32");
  const condition = conditions[half ? mnemonic.slice(0, -2) : mnemonic];
  if (condition === undefined) return undefined;
  const code = (half ? op.BPF_JMP32 : op.BPF_JMP) | condition;
  return toTarget(withOperand(code, register(word(0)), word(1)), word(2), "off");
}

/** `call [helper|local|runtime] N`; a register makes the call that no RFC has. */
function call(words: readonly string[]): Pending {
  const [mode, target = ""] = words.length === 1 ? ["helper", words[0]] : words;
  const code = op.BPF_JMP | op.BPF_CALL;
  if (mode === "local") return toTarget(make(code, { src: op.BPF_PSEUDO_CALL }), target, "imm");
  if (mode === "runtime")
    return { insns: [make(code, { src: op.BPF_PSEUDO_KFUNC_CALL, imm: number32(target) })] };
  if (target.startsWith("%")) return { insns: [make(code | op.BPF_X, { dst: register(target) })] };
  return { insns: [make(code, { imm: number32(target) })] };
}

function toTarget(i: Insn, target: string, field: "off" | "imm"): Pending {
  return /^[+-]/.test(target)
    ? { insns: [make(i.code, { ...i, [field]: number32(target) })] }
    : { insns: [i], label: target, field };
}

function arithmetic(mnemonic: string, words: readonly string[]): Insn | undefined {
  const extension = /^movsx(8|16|32)(32|64)$/.exec(mnemonic);
  const [dst = "", source] = words;
  if (extension !== null) {
    const code = (extension[2] === "32" ? op.BPF_ALU : op.BPF_ALU64) | op.BPF_MOV;
    return make(code | op.BPF_X, {
      dst: register(dst),
      src: register(source ?? ""),
      off: Number(extension[1]),
    });
  }
  const half = mnemonic.endsWith("32");
  const name = mnemonic.replace(/(32|64)$/, "");
  const operation = aluOperations[name];
  if (operation === undefined) return undefined;
  const code = (half ? op.BPF_ALU : op.BPF_ALU64) | operation;
  const off = name === "sdiv" || name === "smod" ? 1 : 0;
  if (source === undefined) return make(code, { dst: register(dst), off });
  const whole = withOperand(code, register(dst), source);
  return make(whole.code, { ...whole, off });
}

function withOperand(code: number, dst: number, source: string): Insn {
  return source.startsWith("%")
    ? make(code | op.BPF_X, { dst, src: register(source) })
    : make(code, { dst, imm: number32(source) });
}

function register(text: string): number {
  const number = /^%r(\d+)$/.exec(text)?.[1];
  if (number === undefined || Number(number) > 15)
    throw new ConformanceSyntaxError(`not a register: ${text}`);
  return Number(number);
}

function place(text: string): { readonly base: number; readonly off: number } {
  const match = /^\[(%r\d+)([+-].*)?\]$/.exec(text);
  if (match === null) throw new ConformanceSyntaxError(`not a place in memory: ${text}`);
  return { base: register(match[1] ?? ""), off: match[2] === undefined ? 0 : number32(match[2]) };
}

function number64(text: string): U64 {
  const value = parseU64(text);
  if (value === undefined) throw new ConformanceSyntaxError(`not a number: ${text}`);
  return value;
}

const number32 = (text: string): number => number64(text).low;
