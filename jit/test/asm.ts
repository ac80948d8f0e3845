// Expected code in tests is written in assembly.
import { assemble } from "../../cpu/isa/assemble.ts";

/** The words of GNU-spelled text; `;` ends a statement as a line does. */
export const asm = (text: string): readonly number[] => assemble(text).words;
