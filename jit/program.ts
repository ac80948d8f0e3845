// A whole program: an image for each function, in two rounds, since a call needs the address of an image that may not exist
// yet. [Linux 6.12 kernel/bpf/verifier.c jit_subprogs, arch/powerpc/net/bpf_jit_comp.c]
import type { BpfFunction } from "../bpf/core/prog.ts";
import { u64, type U64, ZERO } from "../word/long.ts";
import { CallTable, SLOT_BYTES } from "./call/shared-parts.ts";
import { FunctionJit, type PassLog } from "./compile.ts";
import { JitError } from "./error.ts";
import { WORD_BYTES, type Words } from "./ppc.ts";
import { codeOffset, DESCRIPTOR_BYTES, type JitMemory, type JitTarget } from "./target.ts";

/** One function's image. */
export interface JitedFunction {
  readonly name: string;
  /** Place in the program's list of functions. */
  readonly index: number;
  /** Where a call or a function pointer goes: the code, or in ELFv1 the descriptor before it. */
  readonly image: U64;
  /** The first instruction. */
  readonly code: U64;
  /** Start of the allocation that holds the image. */
  readonly header: U64;
  /** Bytes of code, stubs included, which Linux prints as proglen. */
  readonly bytes: number;
  /** The code as 32-bit values, unsigned, whatever the byte order. */
  readonly words: Words;
  /** Byte offset from `code` of each instruction slot's code, and last that of the epilogue. */
  readonly insnOffsets: readonly number[];
  /** Byte offset from `code` of the stubs that calls share; `bytes` where there are none. */
  readonly stubsOffset: number;
}

/** The images of a program. */
export interface JitedProgram {
  /** In the order of `aux.func`, the program itself first. */
  readonly functions: readonly JitedFunction[];
  /** The image of the first function. */
  readonly entry: U64;
  /** What each pass came to, function by function. */
  readonly passes: readonly PassLog[];
  /** Memory of the kernel's data that holds callees' addresses; undefined where no call loads any. */
  readonly table: U64 | undefined;
}

/** Alignment of an image: a word. ELFv1's descriptor holds doublewords. */
const alignment = (target: JitTarget): number => (target.abi === "elfv1" ? 8 : WORD_BYTES);

interface Allocated {
  readonly jit: FunctionJit;
  readonly header: U64;
  readonly image: U64;
}

/**
 * Compiles every function of a program into memory and sets its `bpfFunc`.
 * @param functions all of them, in the order of `aux.func`
 * @param encodeCalls called between the rounds: every `bpfFunc` is known, no call has been compiled
 * @param onPass called after each pass over a function, in order, up to an error too
 * @throws JitError, JitBug, and what `encodeCalls` throws; then nothing stays allocated, and each `bpfFunc` is zero
 * @linux kernel/bpf/verifier.c jit_subprogs
 */
export function jitProgram(
  functions: readonly BpfFunction[],
  target: JitTarget,
  memory: JitMemory,
  encodeCalls: () => void = () => undefined,
  onPass?: (pass: PassLog) => void,
): JitedProgram {
  const allocated: Allocated[] = [];
  const table = new CallTable(functions.length, (bytes) => memory.allocateTable(bytes));
  try {
    for (const fn of functions)
      allocated.push(firstRound(new FunctionJit(fn, target, table, onPass), target, memory));
    encodeCalls();
    const done = allocated.map((each) => secondRound(each, target, memory));
    const [first] = done;
    if (first === undefined) throw new JitError("EINVAL", "a program without functions");
    if (table.address !== undefined) memory.writeTable(table.address, tableBytes(table.values, target));
    const passes = allocated.flatMap(({ jit }) => jit.log);
    return { functions: done, entry: first.image, passes, table: table.address };
  } catch (error) {
    for (const { header } of allocated) memory.free(header);
    if (table.address !== undefined) memory.freeTable(table.address);
    for (const fn of functions) fn.bpfFunc = ZERO;
    throw error;
  }
}

/** Sizes a function and gives it an image, so that others can call it. */
function firstRound(jit: FunctionJit, target: JitTarget, memory: JitMemory): Allocated {
  const { fn } = jit;
  const bytes = codeOffset(target) + jit.size();
  const room = memory.allocate(bytes, alignment(target));
  if (room === undefined)
    throw new JitError("ENOMEM", `${fn.name}: no memory for an image of ${bytes} bytes`);
  fn.bpfFunc = room.image;
  return { jit, ...room };
}

function secondRound({ jit, header, image }: Allocated, target: JitTarget, memory: JitMemory): JitedFunction {
  const code = image.add(u64(codeOffset(target)));
  const { words, insnOffsets, stubsOffset } = jit.compile(code);
  memory.write(image, imageBytes(words, code, target));
  memory.lock(header);
  const { name, index } = jit.fn;
  return {
    name,
    index,
    image,
    code,
    header,
    bytes: words.length * WORD_BYTES,
    words,
    insnOffsets,
    stubsOffset,
  };
}

/** The words in the guest's byte order, behind the descriptor where the ABI has one. */
function imageBytes(words: Words, code: U64, target: JitTarget): Uint8Array {
  const little = target.endian === "le";
  const start = codeOffset(target);
  const bytes = new Uint8Array(start + words.length * WORD_BYTES);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setUint32(start + i * WORD_BYTES, word, little));
  if (start === DESCRIPTOR_BYTES) bytes.set(tableBytes([code, target.kernelToc, ZERO], target));
  return bytes;
}

/** Doublewords in the guest's byte order. */
function tableBytes(values: readonly U64[], { endian }: JitTarget): Uint8Array {
  const little = endian === "le";
  const bytes = new Uint8Array(values.length * SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  values.forEach(({ high, low }, i) => {
    view.setUint32(i * SLOT_BYTES + (little ? 4 : 0), high, little);
    view.setUint32(i * SLOT_BYTES + (little ? 0 : 4), low, little);
  });
  return bytes;
}
