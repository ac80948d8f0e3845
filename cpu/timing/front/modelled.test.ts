// Made-up streams of branches; programs that are really run are in ../measured.
import { describe, expect, test } from "vitest";
import type { Branch, BranchKind } from "./front-end.ts";
import { ModelledFrontEnd } from "./modelled.ts";
import { power9Front } from "./power9.ts";

/** A front end behind which everything is dispatched when it is fetched and resolves two cycles later. */
class Stream {
  readonly front = new ModelledFrontEnd({ figures: power9Front });
  last = 0;

  insn(at: number, bytes: 4 | 8 = 4): number {
    this.last = this.front.fetch(0, at, bytes);
    this.front.dispatched(this.last);
    return this.last;
  }

  branch(
    kind: BranchKind,
    at: number,
    target: number,
    options: { conditional?: boolean; taken?: boolean } = {},
  ): number {
    const cycle = this.insn(at);
    const { conditional = false, taken = true } = options;
    const branch: Branch = {
      ciaHigh: 0,
      ciaLow: at,
      kind,
      conditional,
      taken,
      targetHigh: 0,
      targetLow: target,
      dispatchedAt: cycle,
      resolvedAt: cycle + 2,
    };
    this.front.branch(branch);
    return cycle;
  }

  /** Mispredicts of `body`. */
  mispredicts(body: () => void): number {
    const before = this.front.counters.mispredicts;
    body();
    return this.front.counters.mispredicts - before;
  }
}

/** Cycles of a round, of ten after ten. */
function cyclesOf(round: (s: Stream) => void): number {
  const s = new Stream();
  const rounds = (count: number): number => {
    for (let i = 0; i < count; i++) round(s);
    return s.last;
  };
  const start = rounds(10);
  return (rounds(100) - start) / 100;
}

describe("fetching", () => {
  test("eight instructions of an aligned block come in one cycle, a prefix at its end takes the next block too", () => {
    const s = new Stream();
    const first = s.insn(0x1000);
    expect(s.insn(0x101c)).toBe(first);
    expect(s.insn(0x1020)).toBe(first + 1);
    expect(s.insn(0x103c, 8)).toBe(first + 2);
    expect(s.insn(0x1044)).toBe(first + 2);
  });

  test("a target in a block's last word costs the fetch of one more block", () => {
    const loopFrom = (start: number): number =>
      cyclesOf((s) => {
        for (let at = start; at < 0x1048; at += 4) s.insn(at);
        s.branch("direct", 0x1048, start);
      });
    expect(loopFrom(0x1040)).toBe(5.5);
    expect(loopFrom(0x103c)).toBe(6.5);
  });

  test("it runs ahead of dispatch by the buffer and no further", () => {
    const front = new ModelledFrontEnd({ figures: power9Front });
    // The first instruction waits until cycle 1000; all others behind it.
    let at = 0x1000;
    for (let i = 0; i < 96; i++, at += 4) {
      expect(front.fetch(0, at, 4)).toBeLessThan(200);
      front.dispatched(1000);
    }
    expect(front.fetch(0, at, 4)).toBe(1000);
  });
});

describe("branches", () => {
  test("taken ones cost what was measured: 1 or 2 forward, 5.5 back", () => {
    // Ends with the back-edge of a return to the start, the same in all of them.
    const chain = (distance: number, count: number): number =>
      cyclesOf((s) => {
        for (let i = 0; i < count; i++)
          s.branch("direct", 0x1000 + i * distance, 0x1000 + (i + 1) * distance);
        s.branch("direct", 0x1000 + count * distance, 0x1000);
      });
    expect(chain(32, 20) - chain(32, 10)).toBe(20);
    expect(chain(8, 20) - chain(8, 12)).toBe(10);
    expect(cyclesOf((s) => s.branch("direct", 0x1000, 0x1000))).toBe(5.5);
  });

  test("a wrong direction costs 16 cycles from its resolution", () => {
    const s = new Stream();
    for (let i = 0; i < 40; i++) s.branch("direct", 0x1000, 0x1000, { conditional: true });
    const cycle = s.branch("direct", 0x1000, 0x1004, { conditional: true, taken: false });
    expect(s.insn(0x1004)).toBe(cycle + 2 + 16);
    expect(s.mispredicts(() => s.branch("direct", 0x1008, 0x2000))).toBe(0);
  });

  test("calls and returns pair 64 deep, and not 65", () => {
    const deep = (depth: number): number => {
      const s = new Stream();
      return s.mispredicts(() => {
        for (let i = 0; i < depth; i++) s.branch("direct-call", 0x1000 + 64 * i, 0x1040 + 64 * i);
        for (let i = depth - 1; i >= 0; i--) s.branch("return", 0x1000 + 64 * (i + 1) + 32, 0x1004 + 64 * i);
      });
    };
    expect([1, 64, 65, 70].map(deep)).toEqual([0, 0, 1, 6]);
  });

  test("blrl as a call: it is wrong itself, and so is the caller's own return", () => {
    const s = new Stream();
    const round = (call: BranchKind) => (): void => {
      s.branch("direct-call", 0x1000, 0x2000);
      s.branch(call, 0x2008, 0x3000);
      s.branch("return", 0x3000, 0x200c);
      s.branch("return", 0x2010, 0x1004);
    };
    round("indirect-call")();
    expect(s.mispredicts(round("indirect-call"))).toBe(0);
    expect(s.mispredicts(round("return-call"))).toBe(2);
  });

  test("flushes take the predictions of targets and returns away once", () => {
    const s = new Stream();
    const call = (): void => void s.branch("indirect-call", 0x1000, 0x2000);
    const back = (): void => void s.branch("return", 0x2000, 0x1004);
    expect(s.mispredicts(call) + s.mispredicts(back)).toBe(1);
    expect(s.mispredicts(call) + s.mispredicts(back)).toBe(0);
    s.front.flushCountCache();
    expect(s.mispredicts(call) + s.mispredicts(back)).toBe(1);
    call();
    s.front.flushLinkStack();
    expect(s.mispredicts(back)).toBe(1);
  });
});
