// Random programs that are rich in calls, jumps and exits, and random places for their images: to be compiled, never to be run.
// Addresses lie about the edges of everything that branches and constants reach.
import fc from "fast-check";
import { insn, type Insn } from "../../bpf/insn.ts";
// prettier-ignore
import {
  BPF_ADD, BPF_ALU64, BPF_CALL, BPF_EXIT, BPF_JA, BPF_JEQ, BPF_JMP, BPF_JSET, BPF_K, BPF_LD_IMM64, BPF_MOV, BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC, BPF_PSEUDO_KFUNC_CALL, BPF_X,
} from "../../bpf/opcodes.ts";
import { fromHalves, u64, type U64 } from "../../word/long.ts";
import { BPF_TAIL_CALL } from "../frame.ts";

/** Instructions; of a jump, the place of its target among all pieces in thousandths, so that it can go anywhere. */
interface Piece {
  readonly insns: readonly Insn[];
  readonly to?: number;
}

/** `imm` of what may be called outside of the program. */
export interface KernelCallees {
  readonly helpers: readonly number[];
  /** Numbers of the kernel's functions and of modules'. */
  readonly kfuncs: readonly number[];
}

const exit = insn(BPF_JMP | BPF_EXIT);
const edges = fc.constantFrom(0, 1, -1, 0x7fff, 0x8000, -0x8000, 0x1_0000, 0x7fff_ffff);
const to = fc.integer({ min: 0, max: 999 });

const filler = fc.oneof(
  edges.map((imm) => [insn(BPF_ALU64 | BPF_MOV | BPF_K, { dst: 1, imm })]),
  edges.map((imm) => [insn(BPF_ALU64 | BPF_ADD | BPF_K, { dst: 2, imm })]),
  fc.tuple(edges, edges).map(([imm, high]) => [insn(BPF_LD_IMM64, { dst: 3, imm }), insn(0, { imm: high })]),
  fc.constant([insn(BPF_JMP | BPF_TAIL_CALL)]),
  fc.constant([exit]),
);
const jump = fc.tuple(
  fc.oneof(
    fc.constant(insn(BPF_JMP | BPF_JA)),
    edges.map((imm) => insn(BPF_JMP | BPF_JEQ | BPF_K, { dst: 4, imm })),
    fc.constant(insn(BPF_JMP | BPF_JSET | BPF_X, { dst: 4, src: 6 })),
  ),
  to,
);

/** Calls of any of the functions, the caller included, and of the kernel's; weights as in programs that are mostly calls. */
const pieces = (functions: number, { helpers, kfuncs }: KernelCallees): fc.Arbitrary<readonly Piece[]> => {
  const one = fc.integer({ min: 0, max: functions - 1 });
  return fc.array(
    fc.oneof(
      { weight: 4, arbitrary: filler.map((insns): Piece => ({ insns })) },
      { weight: 3, arbitrary: jump.map(([jump, to]): Piece => ({ insns: [jump], to })) },
      {
        weight: 4,
        arbitrary: one.map((off): Piece => ({
          insns: [insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_CALL, off })],
        })),
      },
      ...[
        ...helpers.map((imm) => insn(BPF_JMP | BPF_CALL, { imm })),
        ...kfuncs.map((imm) => insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_KFUNC_CALL, imm })),
      ].map((call) => ({ weight: 1, arbitrary: fc.constant<Piece>({ insns: [call] }) })),
      {
        weight: 1,
        arbitrary: one.map((off): Piece => ({
          insns: [insn(BPF_LD_IMM64, { dst: 5, src: BPF_PSEUDO_FUNC, off }), insn(0)],
        })),
      },
    ),
    { maxLength: 60 },
  );
};

function joined(all: readonly Piece[]): readonly Insn[] {
  const starts = [0];
  for (const { insns } of all) starts.push((starts.at(-1) ?? 0) + insns.length);
  const body = all.flatMap(({ insns: [first = exit, ...rest], to }, i) => {
    if (to === undefined) return [first, ...rest];
    const target = starts[Math.floor((to * (all.length + 1)) / 1000)] ?? 0;
    return [{ ...first, off: target - (starts[i] ?? 0) - 1 }];
  });
  return [...body, exit];
}

/** The functions of a program, two to four, which call what one of `callees` has. */
export const randomCalls = (callees: readonly KernelCallees[]): fc.Arbitrary<readonly (readonly Insn[])[]> =>
  fc
    .tuple(fc.integer({ min: 2, max: 4 }), fc.constantFrom(...callees))
    .chain(([functions, callees]) =>
      fc.tuple(...Array.from({ length: functions }, () => pieces(functions, callees).map(joined))),
    );

/** Distances at which something begins or ends to reach, in bytes. */
const REACHES = [0, 0x8000, 0x200_0000, 0x8000_0000, 2 ** 33, 2 ** 40];

/**
 * Where images start: about the edges of what reaches from `base`, or anywhere; or all close together.
 * @param alignment in bytes
 */
export const randomPlaces = (base: U64, alignment: number): fc.Arbitrary<readonly U64[]> => {
  const near = fc
    .tuple(
      fc.constantFrom(...REACHES),
      fc.constantFrom(1, -1),
      fc.integer({ min: -400, max: 400 }),
      fc.boolean(),
    )
    .map(([reach, sign, words, round]) => base.add(u64(sign * reach + (round ? 0 : words * 8))));
  const half = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
  const anywhere = fc
    .tuple(fc.oneof(fc.constantFrom(0, -0x4000_0000, -0x3000_0000), half), fc.oneof(edges, half))
    .map(([high, low]) => fromHalves(high, low));
  const close = fc.integer({ min: 0, max: 4000 }).map((words) => base.add(u64(8 * words)));
  const several = (place: fc.Arbitrary<U64>): fc.Arbitrary<U64[]> =>
    fc.array(place, { minLength: 4, maxLength: 4 });
  return fc
    .oneof(
      several(fc.oneof({ weight: 3, arbitrary: near }, { weight: 1, arbitrary: anywhere })),
      several(close),
    )
    .map((places) => apart(places.map((place) => place.and(u64(-alignment)))));
};

/** More bytes than an image of these programs takes. */
const IMAGE_BYTES = 0x4000;

/** The same places, moved on where two images would overlap. */
function apart(places: readonly U64[]): readonly U64[] {
  const taken: U64[] = [];
  for (let place of places) {
    const overlaps = (other: U64): boolean =>
      place
        .sub(other)
        .toSigned()
        .add(IMAGE_BYTES)
        .toUnsigned()
        .lt(2 * IMAGE_BYTES);
    while (taken.some(overlaps)) place = place.add(IMAGE_BYTES);
    taken.push(place);
  }
  return taken;
}
