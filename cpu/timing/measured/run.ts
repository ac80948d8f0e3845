// Runs a program for real and tells a timing model of its instructions: cycles of one round when everything is warm.
// Programs are in programs.ts; what was measured of the real processor is in power9.ts.
import { u64 } from "../../../word/long.ts";
import { Cpu, type InsnObserver } from "../../cpu.ts";
import { assemble } from "../../isa/assemble.ts";
import type { CpuModel } from "../../isa/row.ts";

/** A timing model as far as it is needed here; `TimingModel` is one. */
export interface Timed extends InsnObserver {
  /** Cycle in which the last instruction so far is completed. */
  readonly cycles: number;
  readonly counters: { readonly instructions: number; readonly mispredicts: number };
}

/** What the bytes are that programs take their decisions by: all the same way, or no way that a predictor could learn. */
export type Decisions = "same" | "random";

/**
 * A loop that ends in `attn` after as many rounds as r31 says. It starts in real mode with r8 the address of a byte a round, 0 or 1,
 * r9 0 and r1 a stack; r3 to r7, r10 to r30, CR, LR and CTR are its own. Text of the assembler.
 */
export interface RoundsProgram {
  readonly text: string;
  readonly decisions?: Decisions;
  /** Rounds that are measured; default 256. */
  readonly rounds?: number;
}

/** Averages of a round. */
export interface Round {
  readonly cycles: number;
  readonly instructions: number;
  readonly mispredicts: number;
}

const BASE = 0x1_0000;
const BYTES = 0x8_0000;
const STACK = 0xf_0000;
const RAM = 0x10_0000;

/** Rounds to become warm; then runs of as many and of twice as many, whose difference has no start and no end in it. */
const ROUNDS = 256;

/** @throws Error where the program does not come to its attn. */
export function measureRounds(program: RoundsProgram, model: CpuModel, timed: Timed): Round {
  const { rounds = ROUNDS } = program;
  const cpu = new Cpu({ ramBytes: RAM, endian: "le", model, interrupts: "host" });
  assemble(program.text, { base: u64(BASE), cpu: model }).words.forEach((word, i) => {
    cpu.ram.store(4, BASE + 4 * i, u64(word), "le");
  });
  const bytes = decisionBytes(program.decisions ?? "same", 4 * rounds);
  bytes.forEach((byte, i) => {
    cpu.ram.store(1, BYTES + i, u64(byte), "le");
  });
  cpu.observe(timed);
  run(cpu, rounds, BYTES);
  const short = counted(timed, () => {
    run(cpu, rounds, BYTES + rounds);
  });
  const long = counted(timed, () => {
    run(cpu, 2 * rounds, BYTES + 2 * rounds);
  });
  return {
    cycles: (long.cycles - short.cycles) / rounds,
    instructions: (long.instructions - short.instructions) / rounds,
    mispredicts: (long.mispredicts - short.mispredicts) / rounds,
  };
}

/** What `body` adds. */
function counted(timed: Timed, body: () => void): Round {
  const { cycles } = timed;
  const { instructions, mispredicts } = timed.counters;
  body();
  return {
    cycles: timed.cycles - cycles,
    instructions: timed.counters.instructions - instructions,
    mispredicts: timed.counters.mispredicts - mispredicts,
  };
}

function run(cpu: Cpu, rounds: number, bytes: number): void {
  cpu.state.nia = u64(BASE);
  cpu.state.setGpr(1, u64(STACK));
  cpu.state.setGpr(8, u64(bytes));
  cpu.state.setGpr(9, u64(0));
  cpu.state.setGpr(31, u64(rounds));
  const stop = cpu.run(100_000_000);
  if (stop.reason !== "attn") throw new Error(`a measured program ended with ${stop.reason}`);
}

/** Bits of the shift register x^16 + x^14 + x^13 + x^11 + 1 where they are to be random. */
function decisionBytes(decisions: Decisions, count: number): Uint8Array {
  const bytes = new Uint8Array(count).fill(1);
  if (decisions === "same") return bytes;
  let state = 0xace1;
  return bytes.map(() => {
    state = (state >>> 1) ^ (-(state & 1) & 0xb400);
    return state & 1;
  });
}
