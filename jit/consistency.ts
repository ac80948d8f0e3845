// What must hold between passes and in the code that the last one leaves, looked at in every compilation.
// Knows nothing of how code is made: lengths, offsets and the branches that stand in the words.
import { JitBug } from "./error.ts";
import { WORD_BYTES, type Words } from "./ppc.ts";

/** The function whose code is looked at: for messages. */
interface Named {
  readonly name: string;
}

/**
 * No instruction starts behind where the sizing pass had it, so that no pass emits more than was sized.
 * @param offsets bytes: of each slot's code, of the epilogue, and of what follows it up to the end of the image's code
 * @throws JitBug
 */
export function checkSized({ name }: Named, offsets: readonly number[], sized: readonly number[]): void {
  if (offsets.length !== sized.length)
    throw new JitBug(`${name}: ${offsets.length} offsets, ${sized.length} in the sizing pass`);
  offsets.forEach((offset, slot) => {
    if (offset > (sized[slot] ?? 0))
      throw new JitBug(`${name}: slot ${slot} starts at byte ${offset}, sized for ${sized[slot]} at most`);
  });
}

/** Primary opcodes [Power ISA v3.1B I 1.6, Appendix C]. */
const PREFIX = 1;
const BC = 16;
const B = 18;

/** Words from a relative branch to its target; undefined where the word is none. */
function relative(word: number): number | undefined {
  if ((word & 2) !== 0) return undefined; // AA: absolute
  const opcode = word >>> 26;
  if (opcode === B) return (word << 6) >> 8;
  return opcode === BC ? ((word & 0xffff) << 16) >> 18 : undefined;
}

/**
 * Every relative branch that stays in the code goes to the first word of an instruction's code, of the epilogue or of a stub,
 * or to an instruction of the same piece as itself; none goes into a prefixed instruction.
 * @param starts byte offsets where such pieces begin, in any order
 * @param codeBytes of what is code; data may follow
 * @throws JitBug
 */
export function checkBranches(
  { name }: Named,
  words: Words,
  starts: Iterable<number>,
  codeBytes = words.length * WORD_BYTES,
): void {
  const count = codeBytes / WORD_BYTES;
  const isStart = new Uint8Array(count + 1);
  for (const start of starts) isStart[start / WORD_BYTES] = 1;
  const isSuffix = new Uint8Array(count + 1);
  for (let at = 0; at < count; at++) if ((words[at] ?? 0) >>> 26 === PREFIX) isSuffix[++at] = 1;
  for (let at = 0; at < count; at++) {
    if (isSuffix[at] === 1) continue;
    const distance = relative(words[at] ?? 0);
    if (distance === undefined) continue;
    const target = at + distance;
    if (target < 0 || target >= count || isStart[target] === 1) continue;
    const [low, high] = distance < 0 ? [target, at] : [at, target];
    if (isSuffix[target] === 1 || isStart.subarray(low + 1, high + 1).includes(1))
      throw new JitBug(
        `${name}: the branch at byte ${at * WORD_BYTES} goes to byte ${target * WORD_BYTES}, where nothing starts`,
      );
  }
}
