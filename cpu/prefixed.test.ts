// Prefixed instructions at boundaries, and the interrupts that they cause: on both engines, in both byte orders. What they compute is
// test/qemu.test.ts's.
import { describe, expect, test } from "vitest";
import { fromHalves, u64, type U64 } from "../word/long.ts";
import { Cpu, type EngineName } from "./cpu.ts";
import { assemble } from "./isa/assemble.ts";
import { encode } from "./isa/encode.ts";
import type { CpuModel } from "./isa/row.ts";
import type { Stop } from "./stop.ts";
import { guestImage, IMAGE_BYTES, LOG, logBytes, logLines } from "./test/interrupt-guest.ts";

const engines = ["reference", "interpreter"] as const satisfies readonly EngineName[];
const endians = ["le", "be"] as const;
const cases = engines.flatMap((engine) => endians.map((endian) => ({ engine, endian })));

/** SRR1: a prefixed instruction; one across a boundary of 64 bytes. [Power ISA v3.1B III 7.5.8] */
const PREFIXED = 0x2000_0000;
const BOUNDARY = 0x1000_0000;

/** Words, instructions or not. */
const data = (...words: readonly number[]): string =>
  words.map((word) => `.long 0x${word.toString(16)}`).join("; ");

describe.each(cases)("prefixed instructions, $engine, $endian", ({ engine, endian }) => {
  function machine(text: string, at = 0x1000, model: CpuModel = "power10", interrupts?: "host"): Cpu {
    const host = interrupts === undefined ? {} : { interrupts };
    const cpu = new Cpu({ ramBytes: 0x10_0000, endian, engine, model, ...host });
    assemble(text, { base: u64(at), endian }).words.forEach((word, i) => {
      cpu.ram.store(4, at + 4 * i, u64(word), endian);
    });
    cpu.state.nia = u64(at);
    return cpu;
  }

  /** Runs text that ends in an interrupt. */
  function interrupted(text: string, at = 0x1000): { cpu: Cpu; stop: Stop; msr: U64 } {
    const cpu = machine(text, at, "power10", "host");
    const { msr } = cpu.state;
    return { cpu, stop: cpu.run(10), msr };
  }

  test("are one instruction of 8 bytes", () => {
    const cpu = machine("pli 3,0x123456789; paddi 3,3,-1; pla 4,8; attn");
    expect(cpu.run(10)).toEqual({ reason: "attn", cia: u64(0x1018) });
    expect(cpu.instructions).toBe(4);
    expect(cpu.state.gpr(3)).toEqual(fromHalves(1, 0x2345_6788));
    expect(cpu.state.gpr(4)).toEqual(u64(0x1018));
  });

  test("end a run between them, never within", () => {
    const cpu = machine("pli 3,1; pli 4,2; attn");
    expect(cpu.run(1)).toEqual({ reason: "max-insns" });
    expect(cpu.state.nia).toEqual(u64(0x1008));
    expect(cpu.run(1)).toEqual({ reason: "max-insns" });
    expect(cpu.state.nia).toEqual(u64(0x1010));
  });

  test.each([0x1000, 0x1004, 0x1034, 0x1038])("run at %i of a line of 64 bytes", (at) => {
    const cpu = machine("pli 3,5; attn", at);
    expect(cpu.run(10)).toEqual({ reason: "attn", cia: u64(at + 8) });
    expect(cpu.state.gpr(3)).toEqual(u64(5));
  });

  test.each([
    ["a load", 0x103c, [0x0400_0000, 0xe460_0000]],
    ["at the end of a page", 0x1ffc, [0x0600_0000, 0x3860_0001]],
    ["with an illegal suffix", 0x103c, [0x0600_0000, 0]],
    ["with a prefix that is none", 0x103c, [0x05ff_ffff, 0]],
    ["where no suffix can be fetched, at the end of memory", 0xf_fffc, [0x0600_0000]],
  ])("across 64 bytes raise an alignment interrupt: %s", (_, at, words) => {
    const { stop, msr, cpu } = interrupted(data(...words), at);
    expect(stop).toMatchObject({
      vector: 0x600,
      srr0: u64(at),
      srr1: msr.or(PREFIXED | BOUNDARY),
      dar: undefined,
    });
    expect(cpu.instructions).toBe(1);
  });

  test("say in SRR1 that they were one, of a page that is not there", () => {
    const cases = ["pld", "ld"].map((name) => ({ text: `lis 4,0x40; ${name} 3,8(4)`, problemState: true }));
    const guest = { translated: true, cases };
    const cpu = new Cpu({ ramBytes: 0x40_0000, endian: "be", engine, model: "power10" });
    cpu.ram.bytes(0, IMAGE_BYTES).set(guestImage(guest));
    cpu.state.nia = u64(0x10);
    cpu.run(2000);
    const [prefixed, plain] = logLines(guest, cpu.ram.bytes(LOG, logBytes(guest)));
    expect(prefixed).toMatch(/vector 0x0{12}4300 .* SRR1 0x900000002000d032 .* DAR 0x0{10}400008 /);
    expect(plain).toMatch(/vector 0x0{12}4300 .* SRR1 0x900000000000d032 .* DAR 0x0{10}400008 /);
  });

  test("do not say that they were one in a machine check", () => {
    const { stop } = interrupted("nop; pld 3,0x100000(0)");
    expect(stop).toMatchObject({ vector: 0x200, srr0: u64(0x1004), dar: u64(0x10_0000) });
    expect(stop.reason === "interrupt" && stop.srr1.low & PREFIXED).toBe(0);
  });

  test("say in SRR1 that they were one, where their facility is off", () => {
    const plfd = data(0x0600_0000, 0xc800_0000);
    const plxv = data(0x0400_0000, 0xc800_0000);
    const pmxvf32ger = data(0x0790_0000, 0xec00_00d8);
    for (const [text, vector] of [
      [plfd, 0x800],
      [plxv, 0xf40],
      [pmxvf32ger, 0xf40],
    ] as const) {
      const { stop, msr } = interrupted(text);
      expect(stop).toMatchObject({ vector, srr0: u64(0x1000), srr1: msr.or(PREFIXED) });
    }
  });

  test("of a facility that is on end the run", () => {
    const cpu = machine(data(0x0600_0000, 0xc800_0000));
    cpu.state.msr = cpu.state.msr.or(0x2000);
    expect(cpu.run(10)).toEqual({
      reason: "unhandled",
      cia: u64(0x1000),
      detail: "0x06000000 0xc8000000: floating-point instruction at 0x0000000000001000: not modelled",
    });
  });

  test.each([
    ["R = 1 with a register", 0x0610_0000, 0x3864_0001],
    ["an unknown suffix", 0x0600_0000, 0],
    ["an unknown type", 0x0500_0000, 0x3860_0001],
    ["an unknown subtype", 0x0680_0000, 0x3860_0001],
    ["pnop with a branch", 0x0700_0000, 0x4800_0008],
    ["pnop with mtmsrd", 0x0700_0000, 0x7c60_0164],
    ["an odd register of a pair", 0x0400_0000, 0xe060_0000],
  ])("are illegal, with both words in HEIR: %s", (_, prefix, suffix) => {
    const cpu = machine(`nop; ${data(prefix, suffix)}`);
    const { msr } = cpu.state;
    cpu.ram.store(4, 0xe40, u64(encode("attn", {})), endian);
    expect(cpu.run(10)).toEqual({ reason: "attn", cia: u64(0xe40) });
    expect(cpu.state.spr("HSRR0")).toEqual(u64(0x1004));
    expect(cpu.state.spr("HSRR1")).toEqual(msr);
    expect(cpu.state.spr("HEIR")).toEqual(fromHalves(prefix, suffix));
  });

  test.each(["power8", "power9"] as const)("are illegal at their prefix on %s", (model) => {
    for (const at of [0x1000, 0x103c]) {
      const cpu = machine("", at, model);
      cpu.ram.store(4, at, u64(0x0600_0000), endian);
      cpu.ram.store(4, 0xe40, u64(encode("attn", {})), endian);
      expect(cpu.run(10)).toEqual({ reason: "attn", cia: u64(0xe40) });
      expect(cpu.state.spr("HEIR")).toEqual(u64(0x0600_0000));
    }
  });

  test("pnop does nothing, whatever word follows that may", () => {
    for (const suffix of [0, 0x6000_0000, 0xffff_ffff, 0x7c61_0124]) {
      const cpu = machine(`${data(0x0700_0000, suffix)}; attn`);
      expect(cpu.run(10)).toEqual({ reason: "attn", cia: u64(0x1008) });
    }
  });
});
