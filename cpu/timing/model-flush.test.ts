// Flushes between batches of the stream: where they stand in program order.
import { expect, test } from "vitest";
import { assemble } from "../isa/assemble.ts";
import { RECORD, RECORD_WORDS, type InsnStream } from "../stream.ts";
import { TimingModel } from "./model.ts";

/** A stream of instructions at addresses, without storage accesses. */
function stream(...insns: readonly (readonly [address: number, text: string])[]): InsnStream {
  const words = new Uint32Array(insns.length * RECORD_WORDS);
  insns.forEach(([address, text], i) => {
    words[i * RECORD_WORDS + RECORD.CIA_LOW] = address;
    words[i * RECORD_WORDS + RECORD.WORD] = assemble(text).words[0] ?? 0;
  });
  return { count: insns.length, words };
}

const flushLinks = (model: TimingModel): void => {
  model.flushLinkStack();
};
const flushCounts = (model: TimingModel): void => {
  model.flushCountCache();
};

/** Mispredicts of a call and its return, with a flush behind the call or behind the callee's first instruction. */
function mispredicts(flush: (model: TimingModel) => void, call: string, behind: "call" | "callee"): number {
  const model = new TimingModel({ model: "power9" });
  const calls = [0x1000, call] as const;
  const first = [0x2000, "nop"] as const;
  const rest = [
    [0x2004, "blr"],
    [0x1004, "b .-4"],
  ] as const;
  // once to teach the count cache
  model.executed(stream(calls, first, ...rest));
  const before = model.counters.mispredicts;
  model.executed(behind === "call" ? stream(calls) : stream(calls, first));
  flush(model);
  model.executed(behind === "call" ? stream(first, ...rest) : stream(...rest));
  return model.counters.mispredicts - before;
}

test.each(["call", "callee"] as const)(
  "the link stack flushed behind the %s: the return is wrong",
  (behind) => {
    expect(mispredicts(flushLinks, "bl .+4096", behind)).toBe(1);
    expect(mispredicts(() => undefined, "bl .+4096", behind)).toBe(0);
  },
);

test("the count cache flushed behind a call: it was right, the next one is not", () => {
  expect(mispredicts(flushCounts, "bctrl", "call")).toBe(0);
  const model = new TimingModel({ model: "power9" });
  const round = stream([0x1000, "bctrl"], [0x2000, "blr"], [0x1004, "b .-4"]);
  model.executed(round);
  model.flushCountCache();
  model.executed(round);
  // the first bctrl, and the first after the flush
  expect(model.counters.mispredicts).toBe(2);
});
