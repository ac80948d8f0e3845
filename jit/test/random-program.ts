// Random BPF programs that any correct runtime runs to the same end: bounded, memory accesses inside what they were given, no
// division by a register that is 0 or -1 (the BPF core guards those), no address in a result.
import fc from "fast-check";
import { insn, type Insn } from "../../bpf/insn.ts";
// prettier-ignore
import {
  BPF_ADD, BPF_ALU, BPF_ALU64, BPF_AND, BPF_ARSH, BPF_ATOMIC, BPF_B, BPF_CALL, BPF_CMPXCHG, BPF_DIV, BPF_DW, BPF_END, BPF_EXIT, BPF_FETCH, BPF_H,
  BPF_JA, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JLE, BPF_JLT, BPF_JMP, BPF_JMP32, BPF_JNE, BPF_JSET, BPF_JSGE, BPF_JSGT, BPF_JSLE, BPF_JSLT, BPF_K, BPF_LDX,
  BPF_LD_IMM64, BPF_LSH, BPF_MEM, BPF_MEMSX, BPF_MOD, BPF_MOV, BPF_MUL, BPF_NEG, BPF_OR, BPF_PSEUDO_CALL, BPF_REG_FP, BPF_RSH, BPF_ST, BPF_STX,
  BPF_SUB, BPF_TO_BE, BPF_TO_LE, BPF_W, BPF_X, BPF_XCHG, BPF_XOR, bytesOf, classOf, modeOf,
} from "../../bpf/opcodes.ts";
import { STACK_BYTES } from "./compare.ts";

/** Bytes of data that R1 must point to. */
export const DATA_BYTES = 256;
/** Data that accesses go to; registers are written behind it at the end. */
const ACCESSED_BYTES = 64;

/** Points to the data in every function; not among the registers that are computed with. */
const DATA = 9;

/** Instructions that stay together; a jump counts its distance in pieces. */
interface Piece {
  readonly insns: readonly Insn[];
  /** Pieces to skip: the offset of the last instruction is to be filled in. */
  readonly skip?: number;
}

const piece = (...insns: readonly Insn[]): Piece => ({ insns });
const mov = (dst: number, imm: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst, imm });
const movReg = (dst: number, src: number): Insn => insn(BPF_ALU64 | BPF_MOV | BPF_X, { dst, src });
const exit = insn(BPF_JMP | BPF_EXIT);

// prettier-ignore
const edges = [
  0, 1, -1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 0x7fff, 0x8000, -0x8000, -0x8001, 0xffff, 0x1_0000, 0x1_0001, 0x7fff_0000, 0x7fff_ffff, -0x7fff_ffff,
  -0x8000_0000, -0x1_0000,
];
const imm = fc.oneof(fc.constantFrom(...edges), fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }));
const divisor = imm.filter((n) => n !== 0 && n !== -1);
const register = fc.integer({ min: 0, max: 8 });
const kind = fc.constantFrom(BPF_ALU, BPF_ALU64);
const size = fc.constantFrom(BPF_B, BPF_H, BPF_W, BPF_DW);
const skip = fc.integer({ min: 0, max: 5 });

const isShift = (operation: number): boolean => [BPF_LSH, BPF_RSH, BPF_ARSH].includes(operation);

// prettier-ignore
const arithmetic = fc
  .record({
    kind, source: fc.constantFrom(BPF_K, BPF_X), dst: register, src: register, imm,
    operation: fc.constantFrom(BPF_ADD, BPF_SUB, BPF_MUL, BPF_OR, BPF_AND, BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH, BPF_MOV),
  })
  .map(({ kind, source, dst, src, imm, operation }) =>
    source === BPF_X
      ? piece(insn(kind | operation | BPF_X, { dst, src }))
      : piece(insn(kind | operation | BPF_K, { dst, imm: isShift(operation) ? imm & (kind === BPF_ALU ? 31 : 63) : imm })));

/** A count that is known to be small, so that no mask is needed. */
const shiftByConstant = fc
  .record({ kind, operation: fc.constantFrom(BPF_LSH, BPF_RSH, BPF_ARSH), dst: register, src: register, imm })
  .map(({ kind, operation, dst, src, imm }) =>
    piece(mov(src, imm), insn(kind | operation | BPF_X, { dst, src })),
  );

const negation = fc
  .record({ kind, dst: register })
  .map(({ kind, dst }) => piece(insn(kind | BPF_NEG, { dst })));

const division = fc
  .record({
    kind,
    operation: fc.constantFrom(BPF_DIV, BPF_MOD),
    off: fc.constantFrom(0, 1),
    dst: register,
    src: register,
    divisor,
    imm,
    constant: fc.boolean(),
  })
  .map(({ kind, operation, off, dst, src, divisor, imm, constant }) =>
    constant
      ? piece(insn(kind | operation | BPF_K, { dst, off, imm }))
      : piece(mov(src, divisor), insn(kind | operation | BPF_X, { dst, src, off })),
  );

const signExtendingMove = fc
  .record({ kind, dst: register, src: register, off: fc.constantFrom(8, 16, 32) })
  .map(({ kind, dst, src, off }) =>
    piece(insn((off === 32 ? BPF_ALU64 : kind) | BPF_MOV | BPF_X, { dst, src, off })),
  );

const swap = fc
  .record({
    code: fc.constantFrom(BPF_ALU | BPF_END | BPF_TO_LE, BPF_ALU | BPF_END | BPF_TO_BE, BPF_ALU64 | BPF_END),
    dst: register,
    imm: fc.constantFrom(16, 32, 64),
  })
  .map(({ code, dst, imm }) => piece(insn(code, { dst, imm })));

const constant64 = fc
  .record({ dst: register, low: imm, high: imm })
  .map(({ dst, low, high }) => piece(insn(BPF_LD_IMM64, { dst, imm: low }), insn(0, { imm: high })));

/** A place of `bytes` bytes inside the data or the stack; aligned where it must be. */
const place = (bytes: number, aligned: boolean): fc.Arbitrary<{ base: number; off: number }> =>
  fc
    .record({ stack: fc.boolean(), off: fc.integer({ min: 0, max: ACCESSED_BYTES - bytes }) })
    .map(({ stack, off }) => {
      const at = aligned ? off - (off % bytes) : off;
      return stack ? { base: BPF_REG_FP, off: at - STACK_BYTES } : { base: DATA, off: at };
    });

const load = fc
  .record({ size, dst: register, extend: fc.boolean() })
  .chain(({ size, dst, extend }) =>
    place(bytesOf(size), false).map(({ base, off }) =>
      piece(
        insn(BPF_LDX | (extend && size !== BPF_DW ? BPF_MEMSX : BPF_MEM) | size, { dst, src: base, off }),
      ),
    ),
  );

const store = fc
  .record({ size, src: register, constant: fc.boolean(), imm })
  .chain(({ size, src, constant, imm }) =>
    place(bytesOf(size), false).map(({ base, off }) =>
      constant
        ? piece(insn(BPF_ST | BPF_MEM | size, { dst: base, off, imm }))
        : piece(insn(BPF_STX | BPF_MEM | size, { dst: base, src, off })),
    ),
  );

const atomic = fc
  .record({
    size: fc.constantFrom(BPF_W, BPF_DW),
    src: register,
    operation: fc.constantFrom(
      ...[BPF_ADD, BPF_OR, BPF_AND, BPF_XOR].flatMap((each) => [each, each | BPF_FETCH]),
      BPF_XCHG,
      BPF_CMPXCHG,
    ),
    expectMemory: fc.boolean(),
  })
  .chain(({ size, src, operation, expectMemory }) =>
    place(bytesOf(size), true).map(({ base, off }) => {
      const exchange = insn(BPF_STX | BPF_ATOMIC | size, { dst: base, src, off, imm: operation });
      // Half of the comparisons shall find what they expect.
      return operation === BPF_CMPXCHG && expectMemory
        ? piece(insn(BPF_LDX | BPF_MEM | size, { dst: 0, src: base, off }), exchange)
        : piece(exchange);
    }),
  );

const conditionalJump = fc
  .record({
    kind: fc.constantFrom(BPF_JMP, BPF_JMP32),
    // prettier-ignore
    operation: fc.constantFrom(BPF_JEQ, BPF_JNE, BPF_JSET, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE, BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE),
    source: fc.constantFrom(BPF_K, BPF_X),
    dst: register,
    src: register,
    imm,
    skip,
    equal: fc.boolean(),
  })
  .map(({ kind, operation, source, dst, src, imm, skip, equal }): Piece => {
    const compare = insn(kind | operation | source, source === BPF_X ? { dst, src } : { dst, imm });
    if (!equal) return { insns: [compare], skip };
    return { insns: [source === BPF_X ? movReg(dst, src) : mov(dst, imm), compare], skip };
  });

const jump = fc
  .record({ long: fc.boolean(), skip })
  .map(({ long, skip }): Piece => ({ insns: [insn((long ? BPF_JMP32 : BPF_JMP) | BPF_JA)], skip }));

/** What a call leaves in R1 to R5 is nobody's business. */
const afterCall = [1, 2, 3, 4, 5].map((dst) => mov(dst, dst));
const callOf = (off: number): Piece =>
  piece(movReg(1, DATA), insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_CALL, off }), ...afterCall);
const helperCall = (imm: number): Piece => piece(insn(BPF_JMP | BPF_CALL, { imm }), ...afterCall);

interface Callees {
  /** `imm` of helpers. */
  readonly helpers: readonly number[];
  /** Places of functions in the program's list. */
  readonly functions: readonly number[];
}

function anyPiece({ helpers, functions }: Callees): fc.Arbitrary<Piece> {
  const calls = [...helpers.map(helperCall), ...functions.map(callOf)];
  return fc.oneof(
    { arbitrary: arithmetic, weight: 8 },
    { arbitrary: conditionalJump, weight: 4 },
    ...[
      shiftByConstant,
      negation,
      division,
      signExtendingMove,
      swap,
      constant64,
      load,
      store,
      atomic,
      jump,
    ].map((arbitrary) => ({ arbitrary, weight: 2 })),
    ...calls.map((call) => ({ arbitrary: fc.constant(call), weight: 1 })),
  );
}

/** The register whose lower half an instruction writes, so that the verifier would extend it; undefined where it does not. */
function halfWritten(one: Insn): number | undefined {
  const narrow = bytesOf(one.code) < 8;
  switch (classOf(one.code)) {
    case BPF_ALU:
      return one.dst;
    case BPF_LDX:
      return narrow && modeOf(one.code) === BPF_MEM ? one.dst : undefined;
    case BPF_STX:
      if (!narrow || modeOf(one.code) !== BPF_ATOMIC || (one.imm & BPF_FETCH) === 0) return undefined;
      return one.imm === BPF_CMPXCHG ? 0 : one.src;
    default:
      return undefined;
  }
}

/** The same with the verifier's zero extensions put in. */
const extended = ({ insns, ...rest }: Piece): Piece => ({
  ...rest,
  insns: insns.flatMap((one) => {
    const dst = one.code === 0 ? undefined : halfWritten(one);
    return dst === undefined ? [one] : [one, insn(BPF_ALU | BPF_MOV | BPF_X, { dst, src: dst, imm: 1 })];
  }),
});

/** All pieces in order, jumps at their targets. */
function joined(pieces: readonly Piece[]): readonly Insn[] {
  const starts = [0];
  for (const { insns } of pieces) starts.push((starts.at(-1) ?? 0) + insns.length);
  return pieces.flatMap(({ insns, skip }, i) => {
    if (skip === undefined) return insns;
    const from = starts[i + 1] ?? 0;
    const distance = (starts[Math.min(i + 1 + skip, pieces.length)] ?? 0) - from;
    const last = insns.at(-1);
    if (last === undefined) return [];
    const there = last.code === (BPF_JMP32 | BPF_JA) ? { imm: distance } : { off: distance };
    return [...insns.slice(0, -1), { ...last, ...there }];
  });
}

/** Registers and stack from `seeds`, the pieces, then every register into the data. */
function functionBody(
  seeds: readonly (readonly [number, number])[],
  pieces: readonly Piece[],
  index: number,
): readonly Insn[] {
  const begin = [
    movReg(DATA, 1),
    ...seeds.flatMap(([low, high], dst) => [insn(BPF_LD_IMM64, { dst, imm: low }), insn(0, { imm: high })]),
    ...Array.from({ length: STACK_BYTES / 8 }, (_, n) =>
      insn(BPF_STX | BPF_MEM | BPF_DW, { dst: BPF_REG_FP, src: n, off: 8 * n - STACK_BYTES }),
    ),
  ];
  const end = seeds.map((_, src) =>
    insn(BPF_STX | BPF_MEM | BPF_DW, { dst: DATA, src, off: ACCESSED_BYTES + 8 * (src + index) }),
  );
  const sum = seeds.map((_, src) => insn(BPF_ALU64 | BPF_ADD | BPF_X, { dst: 0, src }));
  return [...begin, ...joined(pieces), ...end, ...sum, exit];
}

/**
 * A program of one to three functions: instructions of each, main first; each may call those behind it.
 * @param helpers `imm` of the helpers that may be called
 */
export function randomProgram(options: {
  readonly helpers: readonly number[];
  readonly verifierZext: boolean;
}): fc.Arbitrary<readonly (readonly Insn[])[]> {
  const seeds = fc.array(fc.tuple(imm, imm), { minLength: 9, maxLength: 9 });
  return fc.integer({ min: 1, max: 3 }).chain((count) =>
    fc.tuple(
      ...Array.from({ length: count }, (_, index) => {
        const functions = Array.from({ length: count - 1 - index }, (_, i) => index + 1 + i);
        return fc
          .tuple(seeds, fc.array(anyPiece({ helpers: options.helpers, functions }), { maxLength: 40 }))
          .map(([values, pieces]) =>
            functionBody(values, options.verifierZext ? pieces.map(extended) : pieces, index),
          );
      }),
    ),
  );
}
