// Test support: random basic blocks without branches, in the mix that compiled code and the JIT's has: what instructions there are, how often,
// and which registers they use, so that chains form. One seed gives one block. Two restrictions keep errors of llvm-mca's own out:
// there is no mflr, which it orders among loads and stores; and instructions that it reads as the 32-bit forms of LLVM's compiler have
// other targets than the rest, since it believes that such a write keeps half of the register and waits for who wrote that.
import { encode, encodePrefixed } from "../../isa/encode.ts";
import type { CpuModel } from "../../isa/row.ts";
import { Random } from "../../test/random.ts";

/** How one kind of instruction is made: its words from random fields. */
type Make = (random: Random, cpu: CpuModel) => readonly number[];

/** Targets of 32-bit forms, and of the others; r1, r2 and r13 are bases alone. */
const WORD = [0, 3, 4, 5, 6, 7, 8, 9];
const DOUBLE = [10, 11, 12, 14, 15, 16, 29, 30, 31];
const WORKING = [...WORD, ...DOUBLE];
const BASES = [1, 1, 1, 2, 13];

type Targets = typeof WORD;

function any(random: Random): number {
  return random.pick(WORKING);
}

/** A base register, not r0. */
function base(random: Random): number {
  return random.below(2) === 0 ? random.pick(BASES) : random.pick(WORKING.slice(1));
}

type Fields = Readonly<Record<string, number>>;

/** An instruction of one of these names with a target of these registers, called so, and the fields that are made. */
function make(
  names: readonly string[],
  target: "RT" | "RA",
  targets: Targets,
  fields: (random: Random) => Fields,
): Make {
  return (random) => [encode(random.pick(names), { ...fields(random), [target]: random.pick(targets) })];
}

/** RS and RB are two registers: `or` of one is another instruction to the analyzer. */
function logicSources(random: Random): Fields {
  const RS = any(random);
  return { RS, RB: random.pick(WORKING.filter((register) => register !== RS)) };
}

const arithmeticSources = (random: Random): Fields => ({ RA: any(random), RB: any(random) });
const source = (random: Random): Fields => ({ RS: any(random) });
const rotation = (random: Random): Fields => ({ RS: any(random), SH: random.below(64) });
const wordRotation = (random: Random): Fields => ({
  RS: any(random),
  SH: random.below(32),
  MB: random.below(32),
  ME: random.below(32),
});
const withBase = (random: Random): Fields => ({ RA0: base(random), SI: random.below(999) });
const wordsAt = (random: Random): Fields => ({ RA0: base(random), D: 4 * random.below(64) });
const doublesAt = (random: Random): Fields => ({ RA0: base(random), DS: 8 * random.below(64) });
const indexed = (random: Random): Fields => ({ RA0: base(random), RB: any(random) });
const immediate = (random: Random): Fields => ({ RS: any(random), UI: 1 + random.below(999) });

// Frequency of each kind, in a thousand or so: one kind a line.
// prettier-ignore
const kinds: readonly (readonly [weight: number, make: Make])[] = [
  [150, make(["add", "add", "subf"], "RT", WORD, arithmeticSources)],
  [120, make(["and", "or", "or", "or", "xor", "nor", "andc"], "RA", WORD, logicSources)],
  [20, make(["neg"], "RT", WORD, (random) => ({ RA: any(random) }))],
  [15, make(["extsh", "extsb"], "RA", WORD, source)],
  [20, make(["extsw"], "RA", DOUBLE, source)],
  [100, make(["addi"], "RT", WORD, withBase)],
  [60, make(["addi", "addis"], "RT", DOUBLE, (random) => ({ RA0: 0, SI: random.below(999) }))],
  [15, make(["addis"], "RT", WORD, withBase)],
  [50, make(["ori", "oris", "xori"], "RA", WORD, immediate)],
  [15, make(["andi."], "RA", WORD, immediate)],
  [40, make(["rldicl"], "RA", DOUBLE, (random) => ({ ...rotation(random), MB: random.below(64) }))],
  [40, make(["rldicr"], "RA", DOUBLE, (random) => ({ ...rotation(random), ME: random.below(64) }))],
  [35, make(["rlwinm", "rlwinm", "rlwimi"], "RA", WORD, wordRotation)],
  [12, make(["sld", "srd"], "RA", DOUBLE, logicSources)],
  [12, make(["slw", "srw"], "RA", WORD, logicSources)],
  [10, make(["sradi"], "RA", DOUBLE, rotation)],
  [90, make(["ld"], "RT", DOUBLE, doublesAt)],
  [70, make(["lwz", "lbz", "lhz"], "RT", WORD, wordsAt)],
  [12, make(["lwa"], "RT", DOUBLE, doublesAt)],
  [10, make(["ldx"], "RT", DOUBLE, indexed)],
  [10, make(["lwzx", "lbzx"], "RT", WORD, indexed)],
  [70, (random) => [encode("std", { RS: any(random), ...doublesAt(random) })]],
  [30, (random) => [encode(random.pick(["stw", "stb", "sth"]), { RS: any(random), ...wordsAt(random) })]],
  [8, () => [encode("stdu", { RS: 1, RA: 1, DS: -64 })]],
  [20, make(["mulld", "mulld", "mulhdu"], "RT", DOUBLE, arithmeticSources)],
  [6, make(["mullw"], "RT", WORD, arithmeticSources)],
  [8, make(["mulli"], "RT", WORD, (random) => ({ RA: any(random), SI: random.below(999) }))],
  [3, make(["divdu", "divd"], "RT", DOUBLE, arithmeticSources)],
  [3, make(["divwu", "divw"], "RT", WORD, arithmeticSources)],
  [50, (random) => [encode(random.pick(["cmpi", "cmpli"]), { BF: random.below(2) * random.below(8), L: random.below(2), RA: any(random) })]],
  [10, make(["isel"], "RT", WORD, (random) => ({ RA0: any(random), RB: any(random), BC: random.below(32) }))],
  [5, (random, cpu) => cpu === "power8" ? [] : [encode(random.pick(["crand", "cror", "crnor"]), { BT: random.below(32), BA: random.below(32), BB: random.below(32) })]],
  [8, make(["cntlzd", "popcntd"], "RA", DOUBLE, source)],
  [8, make(["add", "subf"], "RT", WORD, (random) => ({ ...arithmeticSources(random), Rc: 1 }))],
  [8, make(["rldicl"], "RA", DOUBLE, (random) => ({ ...rotation(random), MB: random.below(64), Rc: 1 }))],
  [10, (random, cpu) => cpu === "power8" ? [] : [encode("mtspr", { SPR: random.pick([8, 9]), RS: any(random) })]],
  [8, make(["addic"], "RT", WORD, (random) => ({ RA: any(random), SI: 1 }))],
  [8, make(["addc", "adde", "subfc", "subfe"], "RT", WORD, arithmeticSources)],
  [3, make(["mfocrf"], "RT", WORD, (random) => ({ FXM: 0x80 >> random.below(8) }))],
  [25, (random, cpu) => cpu === "power10" ? encodePrefixed("paddi", { RT: random.pick(WORD), RA0: base(random), SI: random.below(99_999) }) : []],
  [15, (random, cpu) => cpu === "power10" ? encodePrefixed("pld", { RT: random.pick(DOUBLE), RA0: base(random), D: 8 * random.below(9999) }) : []],
];
const total = kinds.reduce((sum, [weight]) => sum + weight, 0);

function instruction(random: Random, cpu: CpuModel): readonly number[] {
  let left = random.below(total);
  for (const [weight, makes] of kinds) {
    if (left < weight) return makes(random, cpu);
    left -= weight;
  }
  return [];
}

/** A block of 4 to 24 instructions of this processor; each is its word, or its two. Neither mtctr nor CR logic on power8: LLVM has no model of them there. */
export function randomBlock(seed: number, cpu: CpuModel): readonly (readonly number[])[] {
  const random = new Random(seed);
  const length = 4 + random.below(21);
  const block: (readonly number[])[] = [];
  while (block.length < length) {
    const made = instruction(random, cpu);
    if (made.length > 0) block.push(made);
  }
  return block;
}
