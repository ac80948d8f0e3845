// Tail calls as the JIT compiles them: a program adds 1 and goes on as another, which adds 1 and returns; beside it one program
// that adds both. The driver calls either in the same way.
// The count travels in BPF's R4, r6, which compiled code leaves alone; the array of programs in R2, the index in R3.
import { insn, type Insn } from "../../bpf/insn.ts";
import { BPF_ADD, BPF_ALU64, BPF_EXIT, BPF_JMP, BPF_K, BPF_MOV } from "../../bpf/opcodes.ts";
import { rawProgram } from "../../bpf/raw.ts";
import { BPF_TAIL_CALL } from "../../jit/frame.ts";
import { far } from "../../jit/call/far.ts";
import type { JitTarget } from "../../jit/target.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Program } from "../../kernel/program.ts";
import type { Random } from "../../kernel/random.ts";
import { u64, ZERO, type U64 } from "../../word/long.ts";
import { callMaker } from "./call-maker.ts";
import { mostBytes, placed, text, type Item } from "./code.ts";
import { Places } from "./places.ts";
import { combined, measureLoop, type MeasuredLoop } from "./run.ts";
import { ONE_SITE } from "./scenario.ts";
import type { CallFigures } from "./scene-run.ts";

const count = insn(BPF_ALU64 | BPF_ADD | BPF_K, { dst: 4, imm: 1 });
const zero = insn(BPF_ALU64 | BPF_MOV | BPF_K);
const exit = insn(BPF_JMP | BPF_EXIT);
const tailCall = insn(BPF_JMP | BPF_TAIL_CALL);

/** Goes on as the program of the array; where it cannot, the count is one too small. */
const FIRST: readonly Insn[] = [count, zero, tailCall, exit];
const SECOND: readonly Insn[] = [count, exit];
const BOTH: readonly Insn[] = [count, zero, count, exit];

/** r3: turns, r4: array of programs; the programs count in r6. */
const DRIVER: readonly Item[] = [
  text(`
    mflr r0; std r0,16(r1); stdu r1,-48(r1); std r14,32(r1); std r15,40(r1)
    mr r14,r3; mr r15,r4; li r6,0`),
  { kind: "label", name: "turn" },
  text("mr r4,r15; li r5,0"),
  { kind: "call", site: 0 },
  text("addic. r14,r14,-1"),
  { kind: "branch", on: "ne", to: "turn" },
  text("mr r3,r6; ld r14,32(r1); ld r15,40(r1); addi r1,r1,48; ld r0,16(r1); mtlr r0; blr"),
];

/** Both programs count. */
const LOOP = { callsPerTurn: 2, turns: ONE_SITE.turns, flush: undefined };
/** Bytes of a struct bpf_prog that the JITed code reads of, and of an array of one program behind its header. */
const POINTER_BYTES = 8;

/** Where and how it is measured. */
export interface TailCallRun {
  readonly kernel: Kernel;
  readonly target: JitTarget;
  readonly random: Random;
  /** Whether models of every assumption watch, or the typical one only. */
  readonly isRanged: boolean;
}

/** What is called once in a turn by a driver. */
interface Called extends TailCallRun {
  readonly program: Program;
  /** A struct bpf_array. */
  readonly array: U64;
}

/**
 * Loads the programs, runs both ways.
 * @throws JitError, WrongRunError, OutOfMemoryError
 */
export function runTailCall(around: TailCallRun): CallFigures {
  const { kernel, target } = around;
  const [first, second, both] = [FIRST, SECOND, BOTH].map((insns) =>
    kernel.bpf.loadProgram(
      rawProgram(insns, { name: "tail", type: "socket_filter", endian: kernel.endian }),
      { verify: false, kallsyms: false },
    ),
  );
  if (first === undefined || second === undefined || both === undefined) throw new Error("three programs");
  const { bpfArrayMaxEntries, bpfArrayPtrs, bpfProgBpfFunc } = target.offsets;
  const array = kernel.allocate(bpfArrayPtrs + POINTER_BYTES);
  const prog = kernel.allocate(bpfProgBpfFunc + POINTER_BYTES);
  try {
    kernel.store(array.add(bpfArrayMaxEntries), 4, u64(1));
    kernel.store(array.add(bpfArrayPtrs), 8, prog);
    kernel.store(prog.add(bpfProgBpfFunc), 8, entryOf(second));
    const withCall = measureDriver({ ...around, program: first, array });
    const { turn } = measureDriver({ ...around, program: both, array });
    return {
      ...combined(withCall.turn, turn, (a, b) => a - b),
      bytes: tailCallBytes(first),
      sharedBytes: 0,
      // One of the two that the programs count in a turn is the driver's.
      calls: withCall.calls / 2,
    };
  } finally {
    for (const program of [first, second, both]) program.free();
    kernel.free(array);
    kernel.free(prog);
  }
}

const entryOf = ({ loaded }: Program): U64 => loaded.jited?.entry ?? ZERO;

/** Bytes from the tail call's first word to that of the instruction behind it. */
function tailCallBytes({ images }: Program): number {
  const slot = FIRST.indexOf(tailCall);
  const [start = 0, end = 0] = images[0]?.insnOffsets.slice(slot) ?? [];
  return end - start;
}

function measureDriver({ kernel, target, program, array, random, isRanged }: Called): MeasuredLoop {
  const places = new Places(kernel, random);
  try {
    const code = program.images[0]?.code ?? ZERO;
    const callee = { kind: "bpf", to: { global: code, local: code }, callee: program.name } as const;
    const table = { address: ZERO, slots: 0 };
    const calls = callMaker({ kind: far, machine: target, callees: [callee], table });
    const { driver } = places.allocate("images", {
      driver: mostBytes(DRIVER, calls.maxWords),
      functions: [],
    });
    places.write(driver, placed(DRIVER, driver, calls).words);
    places.lock();
    return measureLoop(kernel, { ...LOOP, pointer: driver, argument: () => array, isRanged });
  } finally {
    places.free();
  }
}
