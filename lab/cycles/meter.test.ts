// What the meter charges to whom, with a model whose cycles are known: a cycle for an instruction, and nine more for a branch.
import { expect, test } from "vitest";
import { hex64 } from "../../word/long.ts";
import { RECORD, RECORD_WORDS, type InsnStream } from "../../cpu/stream.ts";
import { InsnTable } from "./insn-table.ts";
import { CycleMeter, type Counters, type CycleModel, type Part } from "./meter.ts";
import { hotInsns } from "./report.ts";

/** `branch` cycles for the word 1, one for any other. */
class FakeModel implements CycleModel {
  cycles = 0;
  instructions = 0;
  onInsn: CycleModel["onInsn"];
  readonly #branch: number;
  /** Addresses in the order of arrival, low words; 0 for drain. */
  readonly seen: number[] = [];

  constructor(branch: number) {
    this.#branch = branch;
  }

  executed({ count, words }: InsnStream): void {
    expect(words.length).toBe(count * RECORD_WORDS);
    for (let at = 0; at < words.length; at += RECORD_WORDS) {
      const cycles = words[at + RECORD.WORD] === 1 ? this.#branch : 1;
      this.cycles += cycles;
      this.instructions++;
      this.seen.push(words[at + RECORD.CIA_LOW] ?? 0);
      this.onInsn?.({
        ciaHigh: words[at + RECORD.CIA_HIGH] ?? 0,
        ciaLow: words[at + RECORD.CIA_LOW] ?? 0,
        delta: cycles,
        cycles: { dispatched: 0, issued: 0, finished: 0, completed: this.cycles, fused: false },
      });
    }
  }

  drain(): void {
    this.seen.push(0);
  }

  get counters(): Counters {
    const none = {
      branches: 0,
      takenBranches: 0,
      mispredicts: 0,
      icacheMisses: 0,
      ieratMisses: 0,
      deratMisses: 0,
    };
    return { ...none, instructions: this.instructions };
  }
}

/** Addresses by their first digit: 1 is an interrupt's, 2 the host's way in, 3 and on the program's. Odd last digits are branches. */
function stream(...addresses: readonly number[]): InsnStream {
  const words = new Uint32Array(addresses.length * RECORD_WORDS);
  addresses.forEach((address, i) => {
    words[i * RECORD_WORDS + RECORD.CIA_HIGH] = 0xd000_0000;
    words[i * RECORD_WORDS + RECORD.CIA_LOW] = address;
    words[i * RECORD_WORDS + RECORD.WORD] = (address >> 4) & 1;
  });
  return { count: addresses.length, words };
}

const partOf = (_high: number, low: number): Part => {
  if (low >>> 12 === 1) return "interrupt";
  return low >>> 12 === 2 ? "entry" : "program";
};

test("the program is charged, the way in is executed only, interrupts are left out", () => {
  const [typical, high] = [new FakeModel(10), new FakeModel(30)];
  const meter = new CycleMeter(typical, [high], partOf);
  meter.beginRun();
  meter.executed(stream(0x2000, 0x2010, 0x3000, 0x1000, 0x1010, 0x3000, 0x3010, 0x4000));
  meter.executed(stream(0x3010, 0x2000));
  expect(typical.seen).toEqual([0, 0x2000, 0x2010, 0x3000, 0x3000, 0x3010, 0x4000, 0x3010, 0x2000]);
  const { cycles, low, high: most, counters, insns } = meter.last;
  // three instructions of one cycle and two branches
  expect({ cycles, low, most }).toEqual({ cycles: 23, low: 23, most: 63 });
  expect(counters.instructions).toBe(5);
  const shown = new Map(insns.map((insn) => [hex64(insn.address).slice(-4), [insn.executions, insn.cycles]]));
  expect(shown).toEqual(
    new Map([
      ["3000", [2, 2]],
      ["3010", [2, 20]],
      ["4000", [1, 1]],
    ]),
  );
  expect(hotInsns(insns)).toEqual(new Set(["0xd000000000003010"]));
});

test("runs are told apart: the first, the last, and the mean of all", () => {
  const meter = new CycleMeter(new FakeModel(10), [new FakeModel(4)], partOf);
  for (const branches of [3, 1, 2]) {
    meter.beginRun();
    meter.executed(stream(0x2000, ...Array.from({ length: branches }, () => 0x3010), 0x2000));
  }
  expect(meter.runs).toBe(3);
  expect(meter.first).toEqual({ cycles: 30, low: 12, high: 30 });
  expect(meter.last).toMatchObject({ cycles: 20, low: 8, high: 20 });
  expect(meter.last.insns).toMatchObject([{ executions: 2, cycles: 20 }]);
  expect(meter.mean).toEqual({ cycles: 20, low: 8, high: 20 });
});

test("the table keeps tens of thousands of addresses apart, in any halves", () => {
  const table = new InsnTable();
  for (let round = 0; round < 3; round++)
    for (let i = 0; i < 20_000; i++) table.add(i % 2 === 0 ? 0xc000_0000 : 0xd000_0000, 4 * i, i);
  const entries = table.entries();
  expect(entries.length).toBe(20_000);
  for (const { address, executions, cycles } of entries) {
    const i = (address.low >>> 0) / 4;
    expect([executions, cycles, address.high >>> 0]).toEqual([
      3,
      3 * i,
      i % 2 === 0 ? 0xc000_0000 : 0xd000_0000,
    ]);
  }
  table.clear();
  expect(table.entries()).toEqual([]);
});
