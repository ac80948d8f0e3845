// The names of conditional branches: BO and BI as beq, bdnz, blr and the like, with hints [Power ISA v3.1B I 2.4, C.2].
// Nothing is encoded here; these are spellings as those in simplified.ts.
import { spelling, type Spelling } from "./spelling.ts";

// How the name of a row's special case ends, what operands follow, and whether BO may test CTR.
// prettier-ignore
const rows = [
  { base: "bc",    tail: "",    operands: ["BD"],  counts: true },
  { base: "bclr",  tail: "lr",  operands: ["BH?"], counts: true },
  { base: "bcctr", tail: "ctr", operands: ["BH?"], counts: false },
  { base: "bctar", tail: "tar", operands: ["BH?"], counts: true },
] as const;

/** The condition, whether the bit has to be 1, and the bit's place in the CR field. */
// prettier-ignore
const conditions = [
  ["lt", 1, 0], ["gt", 1, 1], ["eq", 1, 2], ["so", 1, 3], ["ge", 0, 0], ["le", 0, 1], ["ne", 0, 2], ["ns", 0, 3],
] as const;
// prettier-ignore
const acceptedConditions = [["un", 1, 3], ["nl", 0, 0], ["ng", 0, 1], ["nu", 0, 3]] as const;

/** The a and t bits of a hint. */
const hints = [
  ["", 0],
  ["-", 2],
  ["+", 3],
] as const;

/** Only bc leaves a bit of BO free that the manual reserves. */
function valueOf(BO: number, base: string, free: boolean): string {
  return base === "bc" && free ? `${BO}..${BO + 1}` : `${BO}`;
}

function conditional(names: readonly (readonly [string, 0 | 1, number])[]): Spelling[] {
  return rows.flatMap(({ base, tail, operands }) =>
    names.flatMap(([name, value, bit]) =>
      hints.map(([hint, at]) => {
        const BO = valueOf(4 + 8 * value + at, base, at === 0);
        return spelling(`b${name}${tail}`, ["BF?", ...operands].join(), `${base} BO=${BO} BI=4*BF+${bit}`, {
          hint,
        });
      }),
    ),
  );
}

/** bdnz, bdz: the hint's bits stand elsewhere in BO. */
function counting(): Spelling[] {
  return rows
    .filter((row) => row.counts)
    .flatMap(({ base, tail, operands }) =>
      (["nz", "z"] as const).flatMap((name) => {
        const zero = name === "z" ? 2 : 0;
        const syntax = operands.join();
        const withBit = ["BI", ...operands].join();
        return [
          spelling(`bd${name}f${tail}`, withBit, `${base} BO=${valueOf(zero, base, true)}`),
          spelling(`bd${name}t${tail}`, withBit, `${base} BO=${valueOf(8 + zero, base, true)}`),
          spelling(`bd${name}${tail}`, syntax, `${base} BO=${valueOf(16 + zero, base, true)} BI=0`),
          spelling(`bd${name}${tail}`, syntax, `${base} BO=${24 + zero} BI=0`, { hint: "-" }),
          spelling(`bd${name}${tail}`, syntax, `${base} BO=${25 + zero} BI=0`, { hint: "+" }),
        ];
      }),
    );
}

function always(): Spelling[] {
  return rows
    .filter((row) => row.base !== "bc")
    .map(({ base, tail, operands }) => spelling(`b${tail}`, operands.join(), `${base} BO=20 BI=0`));
}

/** bc itself with a hint in BO that no other name shows. */
function hinted(): Spelling[] {
  return rows.flatMap(({ base, operands }) =>
    [24, 25, 26, 27].map((BO) =>
      spelling(base, ["BO", "BI", ...operands].join(), `${base} BO=${BO}`, {
        hint: BO % 2 === 0 ? "-" : "+",
      }),
    ),
  );
}

/** The values of BO that are no reserved ones. */
export const validBO: readonly number[] = Object.freeze([
  0, 2, 4, 6, 7, 8, 10, 12, 14, 15, 16, 18, 20, 24, 25, 26, 27,
]);

/** What the disassembler writes. */
export const printedBranches: readonly Spelling[] = Object.freeze([
  ...conditional(conditions),
  ...counting(),
  ...always(),
  ...hinted(),
]);

/** What the assembler takes beside. */
export const acceptedBranches: readonly Spelling[] = Object.freeze(conditional(acceptedConditions));
