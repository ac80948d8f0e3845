// Dataflow against the manual, read by hand, and against the reference engine: what it says is not read has no influence.
import { describe, expect, it } from "vitest";
import { fromHalves, hex32, u64, type U64 } from "../../word/long.ts";
import { Cpu } from "../cpu.ts";
import { assemble } from "../isa/assemble.ts";
import { decode, decodePrefixed, isPrefix } from "../isa/decode.ts";
import { cpuModels, existsOn } from "../isa/row.ts";
import { isa } from "../isa/table.ts";
import { template, PLACE, SCRATCH_BYTES, type Case } from "../test/case.ts";
import { rowCases } from "../test/generate.ts";
import { Random } from "../test/random.ts";
import { type Dataflow, dataflowOf } from "./dataflow.ts";
import { ALL, members, only, REGISTER, registerName, REGISTERS, type RegisterSet } from "./registers.ts";

function flowOf(words: readonly number[]): Dataflow | undefined {
  const [first = 0, second = 0] = words;
  const row = isPrefix(first, "power10") ? decodePrefixed(first, second) : decode(first);
  if (row === undefined) return undefined;
  return row.prefix === undefined ? dataflowOf(row, first) : dataflowOf(row, second, first);
}

function names(set: RegisterSet): string {
  return members(set).map(registerName).join(" ");
}

/** `reads > writes`, and the memory's bytes with what the address is made of. */
function described(text: string): string {
  const flow = flowOf(assemble(text).words);
  if (flow === undefined) return "none";
  const { memory, early } = flow;
  const use = memory === undefined ? "" : ` | ${memory.kind} ${memory.bytes} at ${names(memory.address)}`;
  return `${names(flow.reads)} > ${names(flow.writes)}${use}${early === 0n ? "" : ` | early ${names(early)}`}`;
}

describe("dataflow by the manual", () => {
  // Register operands of each as [Power ISA v3.1B I 2.4, 2.5, 3.3] describes them.
  it.each([
    ["addi 3,4,1", "r4 > r3"],
    ["li 3,1", " > r3"],
    ["add 3,4,5", "r4 r5 > r3"],
    ["add. 3,4,5", "r4 r5 SO > r3 cr0"],
    ["addo 3,4,5", "r4 r5 SO > r3 OV SO"],
    ["addc 3,4,5", "r4 r5 > r3 CA"],
    ["adde 3,4,5", "r4 r5 CA > r3 CA"],
    ["subfze. 3,4", "r4 CA SO > r3 cr0 CA"],
    ["andi. 3,4,1", "r4 SO > r3 cr0"],
    ["rlwimi 3,4,1,2,3", "r3 r4 > r3"],
    ["rldicr 3,4,32,31", "r4 > r3"],
    ["srawi 3,4,1", "r4 > r3 CA"],
    ["cmpdi cr6,3,0", "r3 SO > cr6"],
    ["isel 3,0,5,9", "r5 cr2 > r3"],
    ["crand 0,5,10", "cr0 cr1 cr2 > cr0"],
    ["mcrf cr1,cr3", "cr3 > cr1"],
    ["mfcr 3", "cr0 cr1 cr2 cr3 cr4 cr5 cr6 cr7 > r3"],
    ["mfocrf 3,0x20", "cr2 > r3"],
    ["mtcrf 0x81,3", "r3 > cr0 cr7"],
    ["mtocrf 0x10,3", "r3 > cr3"],
    ["mtctr 12", "r12 > CTR"],
    ["mflr 0", "LR > r0"],
    ["mtxer 3", "r3 > CA OV SO OTHER"],
    ["mfxer 3", "CA OV SO OTHER > r3"],
    ["b .", " > "],
    ["bl .", " > LR"],
    ["blr", "LR > "],
    ["bctrl", "CTR > LR"],
    ["beq cr3,.", "cr3 > "],
    ["bdnz .", "CTR > CTR"],
    ["bdnzt 2,.", "cr0 CTR > CTR"],
    ["ld 3,8(4)", "r4 > r3 | load 8 at r4"],
    ["ld 3,8(0)", " > r3 | load 8 at "],
    ["lwzx 3,4,5", "r4 r5 > r3 | load 4 at r4 r5"],
    ["ldu 3,8(4)", "r4 > r3 r4 | load 8 at r4 | early r4"],
    ["std 3,8(4)", "r3 r4 > | store 8 at r4".replace("> |", ">  |")],
    ["stdu 1,-32(1)", "r1 > r1 | store 8 at r1 | early r1"],
    ["stbx 3,4,5", "r3 r4 r5 >  | store 1 at r4 r5"],
    ["lwarx 3,0,4", "r4 > r3 | load 4 at r4"],
    ["stwcx. 3,0,4", "r3 r4 SO > cr0 | store 4 at r4"],
    ["lmw 29,0(1)", "r1 > r29 r30 r31 | load 12 at r1"],
    ["stmw 30,0(1)", "r1 r30 r31 >  | store 8 at r1"],
    ["lq 4,0(6)", "r6 > r4 r5 | load 16 at r6"],
    ["lswi 31,4,5", "r4 > r0 r31 | load 5 at r4"],
    ["dcbz 0,4", "r4 >  | store 128 at r4"],
    ["mcrxrx cr2", "CA OV > cr2"],
    ["divdeuo. 3,4,5", "r4 r5 SO > r3 cr0 OV SO"],
    ["tdeqi 3,0", "r3 > "],
    ["paddi 3,4,100000,0", "r4 > r3"],
    ["pld 3,16(0),1", " > r3 | load 8 at "],
    ["bpermd 3,4,5", "r4 r5 > r3"],
    ["sync", " > "],
  ])("%s", (text, expected) => {
    expect(described(text)).toBe(expected);
  });

  it("a system call and rfid touch everything", () => {
    for (const text of ["sc", "rfid", "mtmsrd 3"]) {
      const flow = flowOf(assemble(text).words);
      expect(flow?.serial).toBe(true);
      expect(flow?.reads).toBe(ALL);
      expect(flow?.writes).toBe(ALL);
    }
  });

  it("branches tell whether they depend on a condition", () => {
    const conditional = (text: string): boolean | undefined => flowOf(assemble(text).words)?.conditional;
    expect([conditional("b ."), conditional("blr"), conditional("beqlr"), conditional("bdnz .")]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});

/** Every register of a machine, by number; OTHER by one SPR that nothing depends on. */
class Registers {
  readonly #cpu: Cpu;
  constructor(cpu: Cpu) {
    this.#cpu = cpu;
  }
  get(n: number): string {
    const { state } = this.#cpu;
    const flag = (name: "CA" | "CA32" | "OV" | "OV32" | "SO"): number => (state.flag(name) ? 1 : 0);
    if (n < REGISTER.CR) return state.gpr(n).toString(16);
    if (n < REGISTER.CA) return `${state.crField(n - REGISTER.CR)}`;
    if (n === REGISTER.CA) return `${flag("CA")}${flag("CA32")}`;
    if (n === REGISTER.OV) return `${flag("OV")}${flag("OV32")}`;
    if (n === REGISTER.SO) return `${flag("SO")}`;
    if (n === REGISTER.LR) return state.lr.toString(16);
    if (n === REGISTER.CTR) return state.ctr.toString(16);
    return state.spr(n === REGISTER.TAR ? "TAR" : OTHER_SPR).toString(16);
  }
  change(n: number, value: U64): void {
    const { state } = this.#cpu;
    const bit = (i: number): boolean => ((value.low >> i) & 1) === 1;
    if (n < REGISTER.CR) state.setGpr(n, value);
    else if (n < REGISTER.CA) state.setCrField(n - REGISTER.CR, value.low);
    else if (n === REGISTER.CA) {
      state.setFlag("CA", bit(0));
      state.setFlag("CA32", bit(1));
    } else if (n === REGISTER.OV) {
      state.setFlag("OV", bit(0));
      state.setFlag("OV32", bit(1));
    } else if (n === REGISTER.SO) state.setFlag("SO", bit(0));
    else if (n === REGISTER.LR) state.lr = value;
    else if (n === REGISTER.CTR) state.ctr = value;
    else state.setSpr(n === REGISTER.TAR ? "TAR" : OTHER_SPR, value);
  }
  all(): readonly string[] {
    return Array.from({ length: REGISTERS }, (_, n) => this.get(n));
  }
}
/** SPRG0. */
const OTHER_SPR = 272;

/** One instruction of a case, on a machine whose register `changed` differs from what the case says. */
class Steps {
  readonly #cpu = new Cpu({
    model: "power10",
    ramBytes: 4 << 20,
    endian: "be", // lmw and its like exist there alone
    engine: "reference",
    interrupts: "host",
  });
  readonly registers = new Registers(this.#cpu);
  before: readonly string[] = [];

  run(
    test: Case,
    changed = -1,
    value: U64 = u64(0),
  ): { readonly after: readonly string[]; readonly rest: string } {
    const { state, ram } = this.#cpu;
    state.reset();
    test.words.forEach((word, i) => {
      ram.store(4, test.address + 4 * i, u64(word), "be");
    });
    ram.bytes(PLACE.SCRATCH, SCRATCH_BYTES).set(template());
    test.gpr.forEach((gpr, n) => {
      state.setGpr(n, gpr);
    });
    state.cr = test.cr;
    state.xer = u64(test.xer);
    state.lr = test.lr;
    state.ctr = test.ctr;
    state.setSpr("TAR", u64(0x1234));
    state.reservation = undefined;
    if (changed >= 0) this.registers.change(changed, value);
    this.before = this.registers.all();
    state.nia = u64(test.address);
    const stop = this.#cpu.run(1);
    const memory = Buffer.from(ram.bytes(PLACE.SCRATCH, SCRATCH_BYTES)).toString("hex");
    return {
      after: this.registers.all(),
      rest: `${stop.reason} ${state.nia.toString(16)} ${state.msr.toString(16)} ${memory}`,
    };
  }
}

const SEED = 4_711;

describe("dataflow and the reference engine", () => {
  const rows = isa.filter((row) => existsOn(row, "power10"));
  const random = new Random(SEED);
  const cases = rowCases(rows, random, 24).filter(({ words, mnemonic }) => {
    const length = words.length - 2;
    const [first = 0] = words;
    // no instruction before it; SPRs depend on one another, the time base on nothing
    return length === (isPrefix(first) ? 2 : 1) && !/^(m[ft]spr|mftb)$/.test(mnemonic);
  });
  const steps = new Steps();

  it(`what is not read has no influence, what changes is written (seed ${SEED})`, { timeout: 60_000 }, () => {
    const wrong: string[] = [];
    const seen = new Set<string>();
    let changes = 0;
    for (const test of cases) {
      const flow = flowOf(test.words);
      if (flow === undefined || flow.serial) continue;
      seen.add(test.mnemonic);
      const usual = steps.run(test);
      const changedBy = usual.after.flatMap((value, n) => (value === steps.before[n] ? [] : [n]));
      const name = `${test.name} ${hex32(test.words[0] ?? 0)}`;
      for (const n of changedBy)
        if ((flow.writes & only(n)) === 0n) wrong.push(`${name}: changes ${registerName(n)}`);
      for (let i = 0; i < 6; i++) {
        const n = random.below(REGISTERS);
        if ((flow.reads & only(n)) !== 0n) continue;
        changes++;
        const other = steps.run(test, n, fromHalves(random.word(), random.word()));
        const differs = other.after.flatMap((value, k) => {
          const isWritten = (flow.writes & only(k)) !== 0n;
          const expected = isWritten || k !== n ? usual.after[k] : steps.before[k];
          return value === expected ? [] : [registerName(k)];
        });
        if (other.rest !== usual.rest) differs.push("memory, or where it goes on");
        if (differs.length > 0) wrong.push(`${name}: ${registerName(n)} changes ${differs.join(" ")}`);
      }
    }
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(changes).toBeGreaterThan(10_000);
    expect(seen.size).toBeGreaterThan(150);
  });

  it("every row can be described, on every processor", () => {
    for (const row of rows)
      expect(() => dataflowOf(row, row.match, row.prefix?.match), row.mnemonic).not.toThrow();
    expect(cpuModels.length).toBe(3);
  });
});
