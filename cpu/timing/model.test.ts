// The timing model over the stream of a real processor of ours: counters, the hook, and that it changes nothing.
import { describe, expect, it } from "vitest";
import { u64 } from "../../word/long.ts";
import { Cpu } from "../cpu.ts";
import { assemble } from "../isa/assemble.ts";
import { TimingModel, type TimingOptions } from "./model.ts";

const BASE = 0x1000;

interface Timed {
  readonly cpu: Cpu;
  readonly timing: TimingModel;
  readonly lines: readonly { readonly cia: number; readonly delta: number }[];
}

/** Runs text until attn with a model that listens. */
function timed(
  text: string,
  options: TimingOptions,
  engine: "reference" | "interpreter" = "interpreter",
  listen = true,
): Timed {
  const cpu = new Cpu({ model: options.model, ramBytes: 1 << 20, endian: "le", engine, interrupts: "host" });
  assemble(`${text.replaceAll(";", "\n")}\nattn`, { base: u64(BASE) }).words.forEach((word, i) => {
    cpu.ram.store(4, BASE + 4 * i, u64(word), "le");
  });
  cpu.state.nia = u64(BASE);
  cpu.state.setGpr(1, u64(0x8000));
  const timing = new TimingModel(options);
  const lines: { readonly cia: number; readonly delta: number }[] = [];
  timing.onInsn = ({ ciaLow, delta }) => lines.push({ cia: ciaLow, delta });
  if (listen) cpu.observe(timing);
  cpu.run(100_000);
  return { cpu, timing, lines };
}

const LOOP = "li 3,100; mtctr 3; loop: addi 4,4,1; std 4,0(1); ld 5,0(1); bdnz loop";

describe("the timing model on a stream", () => {
  it("counts instructions and branches as the processor executed them", () => {
    const { timing } = timed(LOOP, { model: "power9" });
    expect(timing.counters.instructions).toBe(2 + 100 * 4 + 1); // attn is one
    expect([timing.counters.branches, timing.counters.takenBranches]).toEqual([100, 99]);
  });
  it("the hook's deltas add up to the cycles, every instruction once", () => {
    const { timing, lines } = timed(LOOP, { model: "power9" });
    expect(lines.reduce((sum, { delta }) => sum + delta, 0)).toBe(timing.cycles);
    expect(lines.filter(({ cia }) => cia === BASE + 8)).toHaveLength(100);
  });
  it("an ideal front end is never slower than one with bubbles and misses", () => {
    const ideal = timed(LOOP, { model: "power9", frontEnd: "ideal" }).timing;
    const modelled = timed(LOOP, { model: "power9" }).timing;
    expect(ideal.cycles).toBeLessThan(modelled.cycles);
    expect([ideal.counters.mispredicts, ideal.counters.icacheMisses]).toEqual([0, 0]);
    expect(modelled.counters.icacheMisses).toBeGreaterThan(0);
  });
  it("engines give the same cycles, and the model changes nothing", () => {
    const [first, second] = (["reference", "interpreter"] as const).map((engine) =>
      timed(LOOP, { model: "power10" }, engine),
    );
    expect(first?.timing.cycles).toBe(second?.timing.cycles);
    const alone = timed(LOOP, { model: "power10" }, "interpreter", false).cpu.state.registers();
    expect(second?.cpu.state.registers()).toEqual(alone);
  });
  it("a store that is loaded again is waited for each time", () => {
    // power9: r4 from the store to the load and back is a chain of 6 and 2 cycles
    const text = "li 3,200; mtctr 3; loop: ld 4,0(1); addi 4,4,1; std 4,0(1); bdnz loop";
    const { timing } = timed(text, { model: "power9", frontEnd: "ideal" });
    expect(timing.cycles / 200).toBeGreaterThanOrEqual(8);
    expect(timing.cycles / 200).toBeLessThan(8.2);
  });
  it("what is unknown makes a range with the typical case in it", () => {
    const [low = 0, typical = 0, high = 0] = (["low", "typical", "high"] as const).map(
      (assumption) => timed(LOOP, { model: "power10", assumption }).timing.cycles,
    );
    expect(low).toBeLessThanOrEqual(typical);
    expect(typical).toBeLessThanOrEqual(high);
    expect(low).toBeLessThan(high);
  });
});
