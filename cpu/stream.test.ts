// The stream of executed instructions: what a record holds, what is recorded and what is not, and that every engine tells the same.
import { describe, expect, test } from "vitest";
import { fromHalves, hex64, u64 } from "../word/long.ts";
import { Cpu, type EngineName, type InsnObserver } from "./cpu.ts";
import { assemble } from "./isa/assemble.ts";
import { cpuModels, existsOn, type CpuModel } from "./isa/row.ts";
import { isa } from "./isa/table.ts";
import type { Endian } from "./state.ts";
import { ACCESS_KIND, RECORD, RECORD_WORDS } from "./stream.ts";
import { CaseRunner, type Case } from "./test/case.ts";
import { rowCases } from "./test/generate.ts";
import { randomPrograms } from "./test/program.ts";
import { Random } from "./test/random.ts";

const ramBytes = 0x40_0000;

/** Keeps every record as text: address, prefix and word, access. */
class Keeper implements InsnObserver {
  readonly lines: string[] = [];
  batches = 0;

  executed({ count, words }: { readonly count: number; readonly words: Uint32Array }): void {
    this.batches++;
    expect(words.length).toBe(count * RECORD_WORDS);
    const kinds = Object.keys(ACCESS_KIND);
    for (let at = 0; at < words.length; at += RECORD_WORDS) {
      const word = (name: keyof typeof RECORD): number => words[at + RECORD[name]] ?? NaN;
      const hex = (n: number): string => n.toString(16).padStart(8, "0");
      const address = (high: number, low: number): string => hex64(fromHalves(high | 0, low | 0));
      const kind = word("EA_KIND");
      const spare = word("SPARE") === 0 ? "" : " spare";
      const access = `${kinds[kind & 0xff] ?? "?"} ${kind >>> 8} ${address(word("EA_HIGH"), word("EA_LOW"))}${spare}`;
      this.lines.push(
        `${address(word("CIA_HIGH"), word("CIA_LOW"))} ${hex(word("PREFIX"))} ${hex(word("WORD"))} ${access}`,
      );
    }
  }
}

function machine(engine: EngineName, endian: Endian, model: CpuModel): Cpu {
  return new Cpu({ ramBytes, endian, engine, model, interrupts: "host" });
}

describe.each(["le", "be"] as const)("the interpreter's stream is the reference engine's, %s", (endian) => {
  /** Streams of both engines over the same cases, and the state after each with and without an observer. */
  function streams(cases: readonly Case[], model: CpuModel): void {
    const [expected, found] = (["reference", "interpreter"] as const).map((engine) => {
      const cpu = machine(engine, endian, model);
      const runner = new CaseRunner(cpu);
      const keeper = new Keeper();
      cpu.observe(keeper);
      const plain = new CaseRunner(machine(engine, endian, model));
      for (const made of cases) expect(runner.run(made)).toEqual(plain.run(made));
      return keeper.lines;
    });
    expect(found?.length).toBeGreaterThan(cases.length);
    expect(found).toEqual(expected);
  }

  test.each(cpuModels)("on random programs of %s", (model) => {
    streams(randomPrograms(new Random(31), 30, model), model);
  });

  test.each(cpuModels)("on every row of %s, also those that only the reference engine has", (model) => {
    const rows = isa.filter((row) => existsOn(row, model));
    streams(rowCases(rows, new Random(32), 6), model);
  });

  test("wherever a run is cut", () => {
    const [program] = randomPrograms(new Random(33), 1, "power10");
    if (program === undefined) throw new RangeError("no program");
    const [whole, cut] = [Infinity, 7].map((step) => {
      const cpu = machine("interpreter", endian, "power10");
      new CaseRunner(cpu).run(program);
      const keeper = new Keeper();
      cpu.observe(keeper);
      cpu.state.nia = u64(program.address);
      for (let left = 100; left > 0; left -= step) cpu.run(Math.min(left, step));
      expect(keeper.lines.length).toBe(100);
      expect(keeper.batches).toBe(step === 7 ? 15 : 1);
      return keeper.lines;
    });
    expect(cut).toEqual(whole);
  });
});

describe.each(
  (["reference", "interpreter"] as const).flatMap((engine) =>
    (["le", "be"] as const).map((endian) => ({ engine, endian })),
  ),
)("records, $engine, $endian", ({ engine, endian }) => {
  /** A machine with this code at 0x1000, observed. */
  function observed(
    text: string,
    interrupts: "guest" | "host" = "host",
  ): { readonly cpu: Cpu; readonly keeper: Keeper; readonly words: readonly string[] } {
    const cpu = new Cpu({ ramBytes, endian, engine, model: "power10", interrupts });
    const { words } = assemble(text, { base: u64(0x1000), endian });
    words.forEach((word, i) => {
      cpu.ram.store(4, 0x1000 + 4 * i, u64(word), endian);
    });
    cpu.state.nia = u64(0x1000);
    const keeper = new Keeper();
    cpu.observe(keeper);
    return { cpu, keeper, words: words.map((word) => (word >>> 0).toString(16).padStart(8, "0")) };
  }

  /** Accesses of the instructions of some text, those without one left out. */
  function accesses(text: string, registers: Readonly<Record<number, number>>): readonly string[] {
    const { cpu, keeper } = observed(`${text}; attn`);
    for (const [n, value] of Object.entries(registers)) cpu.state.setGpr(Number(n), u64(value));
    expect(cpu.run(100).reason).toBe("attn");
    return keeper.lines.map((line) => line.slice(37)).filter((line) => !line.startsWith("none"));
  }

  test("have address, word and prefix, in the order of execution", () => {
    const { cpu, keeper, words } = observed("li 3,1; b 1f; nop; 1: pli 4,0x123456789; attn");
    cpu.run(100);
    const none = "none 0 0x0000000000000000";
    expect(keeper.lines).toEqual([
      `0x0000000000001000 00000000 ${words[0] ?? ""} ${none}`,
      `0x0000000000001004 00000000 ${words[1] ?? ""} ${none}`,
      `0x000000000000100c ${words[3] ?? ""} ${words[4] ?? ""} ${none}`,
      `0x0000000000001014 00000000 ${words[5] ?? ""} ${none}`,
    ]);
    expect(words[0]).toBe("38600001"); // addi 3,0,1: 14 3 0 1
    expect(words[3]?.slice(0, 3)).toBe("060"); // MLS of type 2 [Power ISA v3.1B I 1.6.3]
  });

  test("have the address of a load or store, its kind and its bytes", () => {
    const text =
      "lbz 3,1(9); lhbrx 3,0,9; stwu 3,-16(8); ldux 3,9,10; stdbrx 3,0,9; lwarx 3,0,9; stwcx. 3,0,9; pld 3,24(9); dcbt 0,9";
    expect(accesses(text, { 8: 0x5100, 9: 0x5000, 10: 0x80 })).toEqual([
      "load 1 0x0000000000005001",
      "load 2 0x0000000000005000",
      "store 4 0x00000000000050f0",
      "load 8 0x0000000000005080",
      "store 8 0x0000000000005080",
      "load 4 0x0000000000005080",
      "store 4 0x0000000000005080",
      "load 8 0x0000000000005098",
    ]);
  });

  test("have first address and all bytes of cache blocks, quadwords, registers and strings", () => {
    const text = "dcbz 0,9; dcbf 0,9; lq 4,-16(9); stq 4,0(10)";
    expect(accesses(text, { 9: 0x5010, 10: 0x5200 })).toEqual([
      "store 128 0x0000000000005010", // the block's own address is 0x5000
      "load 0 0x0000000000005010",
      "load 16 0x0000000000005000",
      "store 16 0x0000000000005200",
    ]);
    if (endian === "le") return; // there are no such instructions
    const many = "stmw 29,2(9); lmw 28,0(9); lswi 5,9,11; li 3,7; mtxer 3; stswx 5,0,9";
    expect(accesses(many, { 9: 0x5010 })).toEqual([
      "store 12 0x0000000000005012",
      "load 16 0x0000000000005010",
      "load 11 0x0000000000005010",
      "store 7 0x0000000000005010",
    ]);
  });

  test("leave out what faults, and have what the handler and the second attempt execute", () => {
    // the handler of 0x600 lets lwarx be done again on an aligned address
    const { cpu, keeper } = observed("lwarx 3,0,9; attn", "guest");
    assemble("addi 9,9,-1; rfid", { base: u64(0x600) }).words.forEach((word, i) => {
      cpu.ram.store(4, 0x600 + 4 * i, u64(word), endian);
    });
    cpu.state.setGpr(9, u64(0x5001));
    expect(cpu.run(100).reason).toBe("attn");
    const addresses = keeper.lines.map((line) => Number(line.slice(0, 18)).toString(16));
    expect(addresses).toEqual(["600", "604", "1000", "1004"]);
    expect(cpu.instructions).toBe(5); // the one that faulted counts
  });

  test("leave out illegal instructions and traps, and have system calls", () => {
    const { cpu, keeper } = observed("sc; .long 0; trap; nop", "guest");
    const handlers = {
      0xc00: "rfid",
      0xe40: "mfspr 4,314; addi 4,4,4; mtspr 314,4; hrfid", // HSRR0
      0x700: "mfsrr0 4; addi 4,4,4; mtsrr0 4; rfid",
    };
    for (const [at, text] of Object.entries(handlers))
      assemble(text, { base: u64(Number(at)) }).words.forEach((word, i) => {
        cpu.ram.store(4, Number(at) + 4 * i, u64(word), endian);
      });
    cpu.run(1 + 1 + 1 + 4 + 1 + 4 + 1);
    const addresses = keeper.lines.map((line) => Number(line.slice(0, 18)).toString(16));
    const skipping = ["e40", "e44", "e48", "e4c", "700", "704", "708", "70c"];
    expect(addresses).toEqual(["1000", "c00", ...skipping, "100c"]);
  });

  test("come by the batch, and stop when nobody observes", () => {
    const { cpu, keeper } = observed("li 3,5000; mtctr 3; 1: addi 4,4,1; bdnz 1b; attn");
    cpu.run(1e6);
    expect(keeper.lines.length).toBe(2 + 2 * 5000 + 1);
    expect(keeper.batches).toBe(5); // 2048 a batch
    expect(new Set(keeper.lines).size).toBe(5);
    cpu.observe(undefined);
    cpu.state.nia = u64(0x1000);
    cpu.run(1e6);
    expect(keeper.lines.length).toBe(10_003);
    expect(cpu.instructions).toBe(20_006);
  });
});
