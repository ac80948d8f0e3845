// What a row must not say: each wrong line below has to be refused by the compiler (@ts-expect-error) or by the linter (a
// directive that is used: unused ones are errors). So `tsc` and `eslint` are the tests; vitest runs the few at the end.
import { describe, expect, it } from "vitest";
import { PatternError } from "./pattern.ts";
import { insn, type Row } from "./row.ts";
import { printed, accepted } from "./simplified.ts";
import { parseSyntax } from "./spelling.ts";
import { printedBranches } from "./branch-spelling.ts";
import { rowOf } from "./encode.ts";
import { isa } from "./table.ts";

/** What is given does not matter. */
const discard: (value: unknown) => void = () => undefined;

/* eslint-disable @typescript-eslint/restrict-plus-operands, @typescript-eslint/no-unsafe-argument -- tsc refuses the same lines */
/** Never called. */
export const refusedByTheCompiler = (): readonly Row[] => [
  insn("t1", "011111 RT:5 RA:5 RB:5 OE 100001010 Rc", "", (m, f) => {
    // @ts-expect-error arithmetic on a register number
    discard(f.RA + 1);
    // @ts-expect-error comparing a register number with 0
    discard(f.RA === 0);
    // @ts-expect-error comparing two register fields
    discard(f.RA === f.RB);
    // @ts-expect-error a shape field is no register
    m.gpr(f.Rc);
    // @ts-expect-error a number is no register
    m.gpr(3);
    // @ts-expect-error a field that the pattern has not
    m.gpr(f.RD);
    // @ts-expect-error a register is no immediate
    m.imm(f.RA);
    // @ts-expect-error Rc is 0 or 1
    discard(f.Rc === 2);
    // @ts-expect-error a value is no truth value
    m.select(m.gpr(f.RA), m.gpr(f.RA), m.gpr(f.RB));
    // @ts-expect-error a truth value is no value
    m.setGpr(f.RT, m.eq(m.gpr(f.RA), m.gpr(f.RB)));
    // @ts-expect-error arithmetic on a value
    discard(m.gpr(f.RA) + 1);
    // @ts-expect-error a register is no index
    discard([1, 2][f.RA]);
    // @ts-expect-error an unknown system operation
    m.system("frobnicate");
    // @ts-expect-error a system operation without its operands
    m.system("slbmte", m.gpr(f.RA));
    // @ts-expect-error a value where a register is meant
    m.system("mfmsr", m.gpr(f.RT));
  }),
  insn("t2", "001110 RT:5 RA0:5 SI:s16", "", (m, f) => {
    // @ts-expect-error arithmetic on an immediate
    discard(f.SI + 1);
    // @ts-expect-error ordering an immediate
    discard(f.SI < 0);
    // @ts-expect-error an immediate is no register
    m.gpr(f.SI);
    // @ts-expect-error no RA in this pattern
    m.gpr(f.RA);
  }),
  // @ts-expect-error misspelt field in the pattern
  insn("t3", "001110 RT:5 RAX:5 SI:s16", "", (m, f) => m.setGpr(f.RT, m.imm(1))),
  insn("t4", "010000 BO:5 BI:5 BD:s14*4 AA LK", "", (m, f) => {
    // @ts-expect-error a CR bit is no CR field
    m.compare("signed", f.BI, m.imm(0), m.imm(0));
    // @ts-expect-error a CR bit is no truth value: m.crBit(f.BI) is
    m.both(f.BI, m.crBit(f.BI));
    // @ts-expect-error a CR bit is no special-purpose register
    m.spr(f.BI);
  }),
];

/* eslint-enable @typescript-eslint/restrict-plus-operands, @typescript-eslint/no-unsafe-argument */

/** Never called. */
export const refusedByTheLinter = (): Row =>
  insn("t5", "011111 RT:5 RA:5 SH:5 OE 100001010 Rc", "", (m, f) => {
    const v = m.gpr(f.RA);
    // eslint-disable-next-line @typescript-eslint/no-unsafe-unary-minus -- the linter has to refuse this line
    discard(-f.SH);
    // eslint-disable-next-line @typescript-eslint/strict-boolean-expressions, @typescript-eslint/no-unnecessary-condition -- and this
    if (f.RA) m.setGpr(f.RT, v);
    // eslint-disable-next-line @typescript-eslint/strict-boolean-expressions, @typescript-eslint/no-unnecessary-condition -- and this
    discard(f.SH ? 1 : 2);
    // eslint-disable-next-line @typescript-eslint/strict-boolean-expressions -- and this
    discard(!f.RA);
    // eslint-disable-next-line @typescript-eslint/strict-boolean-expressions -- and this
    if (v) return;
    // eslint-disable-next-line @typescript-eslint/strict-boolean-expressions -- and this
    if (m.eq(v, v)) return;
    // eslint-disable-next-line @typescript-eslint/restrict-template-expressions, @typescript-eslint/no-base-to-string -- and this
    discard(`${f.RT}`);
  });

describe("insn", () => {
  it("refuses a pattern that is no word, or no two words", () => {
    expect(() => insn("short", "011111 RT:5", "", () => undefined)).toThrow(PatternError);
    expect(() => insn("long", "011111 RT:5 RA:5 RB:5 000000000000", "", () => undefined)).toThrow("33 bits");
    const across = "000001 10 0 // R // D:s24 RT:5 RA0:5 D:16";
    expect(() => insn("across", across, "", () => undefined)).toThrow("D crosses from word to word");
  });
});

describe("the spellings", () => {
  const names = (row: Row): string[] => [...row.fields, ...row.shape].map((field) => field.name);

  it("of rows name only fields of the row", () => {
    for (const row of isa)
      for (const { name, base } of parseSyntax(row.syntax)) {
        expect(names(row), row.mnemonic).toContain(name);
        if (base !== undefined) expect(names(row), row.mnemonic).toContain(base);
      }
  });

  it("of special cases name only fields of their row, and n and b", () => {
    for (const spelled of [...printed, ...accepted, ...printedBranches]) {
      const row = rowOf(spelled.base);
      const known = [...(row === undefined ? [] : names(row)), "n", "b", "BF"];
      for (const { name } of spelled.syntax) expect(known, spelled.mnemonic).toContain(name);
      for (const { field, terms } of spelled.where) {
        expect(known, spelled.mnemonic).toContain(field);
        for (const { operand } of terms) expect(known, spelled.mnemonic).toContain(operand);
      }
    }
  });

  it("of special cases say what every operand field is, or ask for it", () => {
    for (const spelled of [...printed, ...printedBranches]) {
      const row = rowOf(spelled.base);
      const said = [
        ...spelled.syntax.flatMap(({ name, base }) => [name, base]),
        ...spelled.where.map(({ field }) => field),
      ];
      for (const field of row?.fields ?? []) expect(said, spelled.mnemonic).toContain(field.name);
    }
  });
});
