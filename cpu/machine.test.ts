// What whole machines do: memory by effective address, self-modifying code, faults, modes, several machines at once.
import { describe, expect, test } from "vitest";
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { Cpu } from "./cpu.ts";
import { assemble } from "./isa/assemble.ts";
import type { CpuModel } from "./isa/row.ts";
import { msrBits, type Endian } from "./state.ts";

const CODE = 0x1000;
const machines = (["reference", "interpreter"] as const).flatMap((engine) =>
  (["le", "be"] as const).map((endian) => ({ engine, endian })),
);

interface Options {
  readonly engine: "reference" | "interpreter";
  readonly endian: Endian;
  readonly model?: CpuModel;
  readonly interrupts?: "guest" | "host";
}

/** A machine of 1 MiB in real mode, about to execute `text`, which ends with attn. */
function machine(text: string, options: Options): Cpu {
  const cpu = new Cpu({ ramBytes: 0x10_0000, ...options });
  load(cpu, CODE, text);
  cpu.state.nia = u64(CODE);
  return cpu;
}

function load(cpu: Cpu, at: number, text: string): void {
  assemble(`${text}\n attn`, { base: u64(at) }).words.forEach((word, i) => {
    cpu.ram.store(4, at + 4 * i, u64(word), cpu.state.endian);
  });
}

/** Where a program that stops at attn stops: NIA. */
function ended(cpu: Cpu): string {
  const stop = cpu.run(10_000);
  return stop.reason === "attn" ? hex64(stop.cia) : JSON.stringify(stop);
}

/** AIL, bits 39:40 of LPCR: 3. */
const LPCR_AIL3 = u64(0x0180_0000);

describe.each(machines)("a machine: $engine $endian", ({ engine, endian }) => {
  test("an access that crosses a page is one access", () => {
    const cpu = machine("li 4,0x5ffd; ld 3,0(4); std 3,0x1000(4); lwz 5,1(4); stw 5,0x2001(4)", {
      engine,
      endian,
    });
    cpu.ram.bytes(0x5ffd, 8).set([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(ended(cpu)).toBe("0x0000000000001014");
    const expected: U64 =
      endian === "le" ? fromHalves(0x0807_0605, 0x0403_0201) : fromHalves(0x0102_0304, 0x0506_0708);
    expect(cpu.state.gpr(3)).toEqual(expected);
    expect([...cpu.ram.bytes(0x6ffd, 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...cpu.ram.bytes(0x7ffe, 4)]).toEqual([2, 3, 4, 5]);
  });

  test("code that a program writes is executed", () => {
    const text = `
        bl 1f
        .long 0x38600007            # li 3,7
     1: mflr 4
        lwz 5,0(4)
        lis 6,1f@ha
        addi 6,6,1f@l
        stw 5,0(6)
        li 3,1
     1: li 3,2`;
    const cpu = machine(text, { engine, endian });
    cpu.run(100);
    expect(cpu.state.gpr(3).low).toBe(7);
  });

  test("a fault leaves registers and count as before the instruction", () => {
    const text = "li 3,1; lis 4,0x7fff; li 5,5; stdu 5,16(4)";
    const cpu = machine(text, { engine, endian, interrupts: "host" });
    const stop = cpu.run(100);
    expect(stop).toMatchObject({
      reason: "interrupt",
      vector: 0x200,
      srr0: u64(CODE + 12),
      dar: u64(0x7fff_0010),
    });
    expect(cpu.state.gpr(4)).toEqual(u64(0x7fff_0000));
    expect(cpu.state.nia).toEqual(u64(CODE + 12));
    expect(cpu.instructions).toBe(4); // with the one that faults
  });

  test("without reservation stwcx. stores nothing; with one it does, once", () => {
    const text = `
        li 4,0x4000
        li 5,5
        stwcx. 5,0,4
        mfcr 6
        lwarx 7,0,4
        stwcx. 5,0,4
        mfcr 8
        stwcx. 7,0,4
        mfcr 9`;
    const cpu = machine(text, { engine, endian });
    ended(cpu);
    const crs = [6, 8, 9].map((n) => (cpu.state.gpr(n).low >>> 28) & 15);
    expect(crs).toEqual([0, 2, 0]);
    expect(cpu.ram.load(4, 0x4000, endian).low).toBe(5);
  });

  test.each(["ldarx 3,0,4", "stdcx. 3,0,4", "lwarx 3,0,4"])(
    "%s of an odd address: alignment interrupt with DAR",
    (text) => {
      const cpu = machine(`li 4,0x4001; ${text}`, { engine, endian });
      load(cpu, 0x600, "nop");
      expect(ended(cpu)).toBe("0x0000000000000604");
      expect(cpu.state.spr("DAR")).toEqual(u64(0x4001));
      expect(cpu.state.spr("SRR0")).toEqual(u64(CODE + 4));
    },
  );

  test("lmw and strings: alignment interrupt in little-endian mode alone", () => {
    const cpu = machine("li 4,0x4000; lmw 30,0(4)", { engine, endian });
    load(cpu, 0x600, "nop");
    cpu.ram.bytes(0x4000, 8).set([0, 0, 0, 1, 0, 0, 0, 2]);
    expect(ended(cpu)).toBe(endian === "le" ? "0x0000000000000604" : "0x0000000000001008");
    expect(cpu.state.gpr(31).low).toBe(endian === "le" ? 0 : 2);
  });

  test("AIL 3 with IR and DR: vectors at 0xc000_0000_0000_4000 and translation stays on", () => {
    const cpu = machine("nop", { engine, endian });
    cpu.state.setSpr("LPCR", LPCR_AIL3);
    // SLB 0 maps nothing: the fetch itself raises an instruction segment interrupt, whose vector cannot be fetched either
    cpu.state.msr = cpu.state.msr.or(msrBits("IR", "DR"));
    const stop = cpu.run(100);
    expect(stop).toMatchObject({ reason: "unhandled", cia: fromHalves(0xc000_0000, 0x4480) });
    expect(cpu.state.spr("SRR0")).toEqual(u64(CODE));
    expect(cpu.state.msrBit("IR")).toBe(true);
  });

  test("mtmsrd L=1 changes EE and RI alone; rfid sets EE, IR and DR with PR", () => {
    const cpu = machine("li 3,-1; mtmsrd 3,1; mfmsr 4", { engine, endian });
    const { msr } = cpu.state;
    ended(cpu);
    expect(cpu.state.gpr(4)).toEqual(msr.or(msrBits("EE", "RI")));
    const user = machine("rfid", { engine, endian, interrupts: "host" });
    user.state.setSpr("SRR1", msr.or(msrBits("PR")));
    user.state.setSpr("SRR0", u64(0x2000));
    user.run(1);
    expect(user.state.msr).toEqual(msr.or(msrBits("PR", "EE", "IR", "DR")));
    expect(user.state.nia).toEqual(u64(0x2000));
  });

  test("in 32-bit mode addresses, CR0, carry and CTR are of 32 bits", () => {
    const text = `
        lis 4,1
        sldi 4,4,32
        addi 4,4,0x4000        # bit 15 and 0x4000: the upper half does not count
        lwz 3,0(4)
        li 5,-1
        clrldi 5,5,32
        addic. 6,5,1           # carries out of 32 bits, CR0 is EQ
        mfxer 7
        mfcr 8
        mtctr 4
        mtctr 5
        lis 9,1
        sldi 9,9,32
        addi 9,9,1
        mtctr 9
        bdnz 1f                # CTR is 0 in 32 bits: not taken
        li 10,1
     1: nop`;
    const cpu = machine(text, { engine, endian });
    cpu.state.msr = cpu.state.msr.and(msrBits("SF").not());
    cpu.ram.store(4, 0x4000, u64(77), endian);
    ended(cpu);
    const { gpr } = cpu.state.registers();
    expect(gpr[3]?.low).toBe(77);
    expect(hex64(gpr[7] ?? u64(0))).toBe("0x0000000020040000"); // CA and CA32
    expect((gpr[8]?.low ?? 0) >>> 28).toBe(2);
    expect(gpr[10]?.low).toBe(1);
  });

  test.each([
    { text: ".long 0xc8230000", vector: 0x800, what: "lfd" },
    { text: ".long 0x10210000", vector: 0xf20, what: "vaddubm" },
    { text: ".long 0x7c001e98", vector: 0xf40, what: "lxvd2x" },
  ])("$what: its facility is unavailable", ({ text, vector }) => {
    const cpu = machine(text, { engine, endian });
    load(cpu, vector, "nop");
    expect(ended(cpu)).toBe(hex64(u64(vector + 4)));
  });

  test("a floating-point instruction with FP on ends the run and says so", () => {
    const cpu = machine(".long 0xc8230000", { engine, endian });
    cpu.state.msr = cpu.state.msr.or(msrBits("FP"));
    const stop = cpu.run(10);
    expect(stop.reason === "unhandled" ? stop.detail : stop.reason).toMatch(/floating-point .*not modelled/);
  });

  test("modsd is illegal on power8 and divides on power9", () => {
    const text = "li 3,17; li 4,5; modsd 5,3,4";
    const old = machine(text, { engine, endian, model: "power8" });
    load(old, 0xe40, "nop");
    expect(ended(old)).toBe("0x0000000000000e44");
    const newer = machine(text, { engine, endian, model: "power9" });
    ended(newer);
    expect(newer.state.gpr(5).low).toBe(2);
  });

  test("SPRs: privileged ones in problem state, undefined numbers", () => {
    const problem = machine("mfspr 3,26", { engine, endian });
    problem.state.msr = problem.state.msr.or(msrBits("PR"));
    load(problem, 0x700, "nop");
    expect(ended(problem)).toBe("0x0000000000000704");
    expect(problem.state.spr("SRR1").low & 0x0004_0000).not.toBe(0);
    const nothing = machine("li 3,9; mfspr 3,1000", { engine, endian });
    expect(ended(nothing)).toBe("0x0000000000001008");
    expect(nothing.state.gpr(3).low).toBe(9);
    const illegal = machine("mfspr 3,0", { engine, endian });
    load(illegal, 0xe40, "nop");
    expect(ended(illegal)).toBe("0x0000000000000e44");
  });

  test("two machines in one process know nothing of each other", () => {
    const text = "1: addi 3,3,1; cmpdi 3,2000; bne 1b";
    const [a, b] = [
      machine(text, { engine, endian }),
      machine(text, { engine, endian: endian === "le" ? "be" : "le" }),
    ];
    for (const cpu of [a, b, a, b, a]) cpu.run(1001);
    expect([a, b].map((cpu) => cpu.state.gpr(3).low)).toEqual([1001, 668]);
    expect([a.instructions, b.instructions]).toEqual([3003, 2002]);
  });
});
