// Test support: a short piece of code with the registers it starts from, and how an engine of ours runs it. Where things lie is
// the same for the real machine (QEMU), so results can be compared bit for bit. It makes no cases.
import { hex32, hex64, u64, type U64 } from "../../word/long.ts";
import type { Cpu } from "../cpu.ts";
import { encode } from "../isa/encode.ts";

/** Addresses; the low ones can be reached as a displacement from 0, so no register is needed to save registers. */
export const PLACE = Object.freeze({
  /** Code of the harness around a case, for QEMU. */
  HARNESS: 0x2000,
  /** Where a case goes that runs through. */
  AFTER: 0x3000,
  /** Where a case goes that branches. */
  TAKEN: 0x3800,
  /** Variables of the harness: pointers and counts. */
  VARIABLES: 0x4000,
  /** The memory's content before each case. */
  TEMPLATE: 0x4800,
  /** What cases may load and store. */
  SCRATCH: 0x5000,
  /** Code of the cases, one after another. */
  BLOCKS: 0x10_0000,
});
export const SCRATCH_BYTES = 256;

export interface Case {
  /** For messages. */
  readonly name: string;
  /** The instruction that the case is about. */
  readonly mnemonic: string;
  readonly fields: Readonly<Record<string, number>>;
  readonly address: number;
  /** The code, with a branch to AFTER and one to TAKEN at its end. */
  readonly words: readonly number[];
  readonly gpr: readonly U64[];
  readonly cr: number;
  readonly xer: number;
  readonly lr: U64;
  readonly ctr: U64;
}

/** The code and its two exits; the second one is where branches of the code go to. */
export function withExits(address: number, words: readonly number[]): readonly number[] {
  const at = address + 4 * words.length;
  return [...words, encode("b", { LI: PLACE.AFTER - at }), encode("b", { LI: PLACE.TAKEN - at - 4 })];
}

export interface Result {
  readonly gpr: readonly U64[];
  readonly cr: number;
  readonly xer: U64;
  readonly lr: U64;
  readonly ctr: U64;
  /** Whether the case ended at TAKEN. */
  readonly taken: boolean;
  readonly memory: Uint8Array;
  /** What only machines of ours tell: MSR, SRR0, SRR1, and instructions executed. */
  readonly machine?: string;
}

/** What a case ended in that is no result: an interrupt, or another reason, in words. */
export interface Failure {
  readonly failure: string;
}

/** Content of the memory before a case: no two bytes near each other are equal. */
export function template(): Uint8Array {
  return Uint8Array.from({ length: SCRATCH_BYTES }, (_, i) => (i * 167 + 13) & 0xff);
}

/** Runs one case after another on a processor with interrupts "host"; MSR is always as it is now. */
export class CaseRunner {
  readonly #cpu: Cpu;
  readonly #msr: U64;

  constructor(cpu: Cpu) {
    this.#cpu = cpu;
    this.#msr = cpu.state.msr;
    for (const address of [PLACE.AFTER, PLACE.TAKEN]) this.#word(address, encode("attn", {}));
  }

  #word(address: number, word: number): void {
    this.#cpu.ram.store(4, address, u64(word), this.#cpu.state.endian);
  }

  run(test: Case): Result | Failure {
    const { state, ram } = this.#cpu;
    test.words.forEach((word, i) => {
      this.#word(test.address + 4 * i, word);
    });
    ram.bytes(PLACE.SCRATCH, SCRATCH_BYTES).set(template());
    test.gpr.forEach((value, n) => {
      state.setGpr(n, value);
    });
    state.cr = test.cr;
    state.xer = u64(test.xer);
    state.lr = test.lr;
    state.ctr = test.ctr;
    state.setSpr("TAR", u64(test.address));
    state.reservation = undefined;
    state.msr = this.#msr;
    for (const name of ["SRR0", "SRR1", "HSRR0", "HSRR1"] as const)
      state.setSpr(name, test.gpr[0] ?? test.lr);
    state.nia = u64(test.address);
    const before = state.instructions;
    const stop = this.#cpu.run(100_000);
    const after = `after ${state.instructions - before} instructions`;
    // attn is illegal in problem state: an end all the same
    const { nia } = state;
    const ended = stop.reason !== "max-insns" && (nia.eq(PLACE.AFTER) || nia.eq(PLACE.TAKEN));
    if (stop.reason === "interrupt" && !ended)
      return {
        failure: `interrupt ${stop.vector.toString(16)} at ${hex64(stop.srr0)} ${after}, DAR ${stop.dar?.toString(16) ?? "-"}`,
      };
    if (stop.reason === "unhandled" && !ended) return { failure: `${stop.detail} ${after}` };
    if (stop.reason === "max-insns") return { failure: `still running ${after}` };
    const { gpr, cr, xer, lr, ctr } = state.registers();
    const taken = nia.eq(PLACE.TAKEN);
    const memory = ram.bytes(PLACE.SCRATCH, SCRATCH_BYTES).slice();
    const special = (["MSR", "SRR0", "SRR1", "TAR"] as const).map((name) =>
      hex64(name === "MSR" ? state.msr : state.spr(name)),
    );
    return { gpr, cr, xer, lr, ctr, taken, memory, machine: `${special.join(" ")} ${after}` };
  }
}

/** How two results of the same case differ: one line for each place; none where they do not. */
export function differences(ours: Result | Failure, theirs: Result | Failure): readonly string[] {
  if ("failure" in ours || "failure" in theirs) {
    const [a, b] = [ours, theirs].map((result) => ("failure" in result ? result.failure : "a result"));
    return a === b ? [] : [`${a ?? ""} != ${b ?? ""}`];
  }
  const lines: string[] = [];
  const compare = (name: string, a: string, b: string): void => {
    if (a !== b) lines.push(`${name}: ${a} != ${b}`);
  };
  ours.gpr.forEach((value, n) => {
    const other = theirs.gpr[n];
    if (other?.eq(value) !== true)
      compare(`r${n}`, hex64(value), other === undefined ? "none" : hex64(other));
  });
  compare("cr", hex32(ours.cr), hex32(theirs.cr));
  compare("xer", hex64(ours.xer), hex64(theirs.xer));
  compare("lr", hex64(ours.lr), hex64(theirs.lr));
  compare("ctr", hex64(ours.ctr), hex64(theirs.ctr));
  compare("taken", String(ours.taken), String(theirs.taken));
  const hex = (bytes: Uint8Array): string =>
    [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (ours.machine !== undefined && theirs.machine !== undefined)
    compare("machine", ours.machine, theirs.machine);
  compare("memory", hex(ours.memory), hex(theirs.memory));
  return lines;
}
