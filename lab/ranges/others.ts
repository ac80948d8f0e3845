// Other programs in the same kernel: they come and go before the program that is looked at, so that it finds the space for
// images as a machine in use has it, with holes. They are loaded, not run.
import { insn, type Insn } from "../../bpf/insn.ts";
import {
  BPF_ADD,
  BPF_ALU64,
  BPF_CALL,
  BPF_EXIT,
  BPF_JMP,
  BPF_K,
  BPF_MOV,
  BPF_PSEUDO_CALL,
  BPF_X,
} from "../../bpf/opcodes.ts";
import { rawProgram } from "../../bpf/raw.ts";
import { OutOfMemoryError } from "../../kernel/error.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Program } from "../../kernel/program.ts";
import { Random } from "../../kernel/random.ts";
import type { U64 } from "../../word/long.ts";

/** Functions that each has beside its main one, which calls each of them once. */
export const SUBPROGRAMS = 3;
/** Of small programs: instructions of a function, at most. */
const MOST_INSNS = 64;
/** One in so many is large: its images take up to MOST_PAGES. Nobody looks at its code, so it has none. */
const LARGE = 8;
const MOST_PAGES = 8;
/** So many more than stay are loaded, and as many of all unloaded again, so many times. */
const GUESTS = 0.5;
const ROUNDS = 2;

/** One that is there; a large one has no program. */
interface Other {
  readonly program: Program | undefined;
  readonly free: () => void;
}

/**
 * Loads programs and unloads some of them, so that `count` stay.
 * @param seed of their sizes, and of which go
 * @returns the small ones
 * @throws BpfLoadError, JitError, OutOfMemoryError where there is no room
 */
export function loadOthers(kernel: Kernel, count: number, seed: number): readonly Program[] {
  const random = new Random(seed);
  const here: Other[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    while (here.length < Math.floor(count * (1 + GUESTS)))
      here.push(random.below(LARGE) === 0 ? large(kernel, random) : small(kernel, random));
    while (here.length > count) {
      const [leaving] = here.splice(random.below(here.length), 1);
      leaving?.free();
    }
  }
  return here.flatMap(({ program }) => program ?? []);
}

function small(kernel: Kernel, random: Random): Other {
  const program = kernel.bpf.loadProgram(
    rawProgram(instructions(random), { name: "other", type: "socket_filter", endian: kernel.endian }),
    { verify: false, kallsyms: false },
  );
  return { program, free: () => program.free() };
}

function large(kernel: Kernel, random: Random): Other {
  const images: U64[] = [];
  for (let i = 0; i <= SUBPROGRAMS; i++) {
    const image = kernel.imageAlloc.allocate((1 + random.below(MOST_PAGES)) * kernel.pages.pageBytes);
    if (image === undefined) throw new OutOfMemoryError("no memory for the image of another program");
    images.push(image);
  }
  return { program: undefined, free: () => images.forEach((image) => kernel.imageAlloc.free(image)) };
}

/** Calls, and functions of random lengths. */
function instructions(random: Random): readonly Insn[] {
  const bodies = Array.from({ length: SUBPROGRAMS }, () => functionOf(random.below(MOST_INSNS)));
  const main = SUBPROGRAMS + 2;
  const starts = bodies.map((_, i) => bodies.slice(0, i).reduce((sum, { length }) => sum + length, main));
  const calls = starts.map((start, i) =>
    insn(BPF_JMP | BPF_CALL, { src: BPF_PSEUDO_CALL, imm: start - (i + 2) }),
  );
  return [CLEAR, ...calls, EXIT, ...bodies.flat()];
}

const CLEAR = insn(BPF_ALU64 | BPF_MOV | BPF_K);
const EXIT = insn(BPF_JMP | BPF_EXIT);
const functionOf = (length: number): readonly Insn[] => [
  CLEAR,
  ...Array.from({ length }, () => insn(BPF_ALU64 | BPF_ADD | BPF_X, { src: 1 })),
  EXIT,
];
