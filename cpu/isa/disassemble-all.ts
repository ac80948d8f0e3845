// Words one after another to text: which of them are a prefix with its suffix. How an instruction is written is disassemble.ts's.
import type { U64 } from "../../word/long.ts";
import { isPrefix } from "./decode.ts";
import type { InstructionWords } from "./encode.ts";
import { disassemble, disassembleInstruction, type DisassembleOptions } from "./disassemble.ts";

/** An instruction, or a word that is none. */
export interface Disassembled {
  readonly address: U64;
  readonly words: InstructionWords;
  readonly text: string;
}

/** The instructions in `words`, the first of which is at `base`; made as they are asked for. */
export function* disassembleAll(
  words: readonly number[],
  base: U64,
  options: DisassembleOptions = {},
): Generator<Disassembled, void> {
  for (let i = 0; i < words.length;) {
    const word = words[i] ?? 0;
    const suffix = words[i + 1];
    const address = base.add(4 * i);
    const isPair = suffix !== undefined && isPrefix(word, options.cpu ?? "power9");
    const prefixed = isPair ? disassembleInstruction([word, suffix], address, options) : undefined;
    if (suffix === undefined || prefixed === undefined) {
      yield { address, words: [word], text: disassemble(word, address, options) };
      i++;
    } else {
      yield { address, words: [word, suffix], text: prefixed };
      i += 2;
    }
  }
}
