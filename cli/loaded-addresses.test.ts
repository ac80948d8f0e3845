// Addresses that are followed: of any constant that the JIT builds, and of the callee of every sequence, in the disassembler's words.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { disassembleAll } from "../cpu/isa/disassemble-all.ts";
import { helperSequences } from "../jit/call/helper-sequences.ts";
import { PlacedCalls } from "../jit/call/placed-calls.ts";
import { callSequences } from "../jit/call/sequences.ts";
import { JitError } from "../jit/error.ts";
import { load64, padded, MAX_LOAD64_WORDS } from "../jit/immediates.ts";
import { addi, addis, bctrl, ld, mtctr, type Words } from "../jit/ppc.ts";
import { seenTarget, TABLE } from "../jit/test/fixtures.ts";
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { LoadedAddresses, type LiveKernel } from "./loaded-addresses.ts";

const kernel: LiveKernel = {
  toc: fromHalves(0xc000_0000, 0x0114_8100),
  paca: fromHalves(0xc000_0000, 0x0203_0000),
  doubleword: () => undefined,
};
/** `from`: the end of a line of 64 bytes, so that prefixed instructions need a nop before them. */
const from = fromHalves(0xd000_0000, 0x0004_003c);

const called = (words: Words, live?: LiveKernel): unknown => {
  const addresses = new LoadedAddresses(live);
  return [...disassembleAll(words, from, { cpu: "power10" })]
    .map(({ text }) => addresses.next(text))
    .findLast((address) => address !== undefined);
};

it("finds every constant that the JIT builds before it is called", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (high, low) => {
      const address = fromHalves(high, low);
      expect(called([...load64(12, address), mtctr(12)])).toEqual(address);
      expect(called([...padded(load64(12, address), MAX_LOAD64_WORDS), mtctr(12)])).toEqual(address);
    }),
  );
});

it("counts from the TOC where that is known", () => {
  // 0xc000000001148100 - 0xde << 16 + 0x1234
  const words = [addis(12, 2, -0xde), addi(12, 12, 0x1234), mtctr(12)];
  expect(called(words, kernel)).toEqual(fromHalves(0xc000_0000, 0x0036_9334));
  expect(called(words)).toBeUndefined();
});

it("knows nothing of what is loaded from memory that it may not see, or was there before a branch", () => {
  const load = load64(12, u64(0x1234_5678));
  expect(called([...load, ld(12, 0, 12), mtctr(12)])).toBeUndefined();
  expect(called([...load, ld(12, 0, 12), mtctr(12)], kernel)).toBeUndefined();
  expect(called([...load, bctrl(), mtctr(12)])).toBeUndefined();
});

describe.each(["elfv2", "elfv1"] as const)("%s: where a call goes is found in the code of", (abi) => {
  const machine = { ...seenTarget, abi, cpu: "power10" } as const;
  const code = fromHalves(0xc000_0000, 0x00aa_0000);
  const descriptor = fromHalves(0xc000_0000, 0x0100_0018);
  const image = fromHalves(0xd000_0000, 0x1234_5678);
  const core = {
    kind: "core",
    to:
      abi === "elfv1" ? { global: code, local: code, descriptor } : { global: code, local: code.add(u64(8)) },
  } as const;
  const bpf = { kind: "bpf", to: { global: image, local: image.add(u64(4)) } } as const;
  const stubs = from.add(u64(0x100));

  it.each([
    ...callSequences.map((kind) => ({ what: kind.name, kind, callee: bpf })),
    ...helperSequences.map((kind) => ({ what: `helper ${kind.name}`, kind, callee: core })),
  ])("$what", ({ kind, callee }) => {
    const calls = new PlacedCalls(kind, machine, { stubs, table: { address: TABLE, slots: 1 } });
    const call = { ...callee, from, callee: "f", site: 0 };
    if (kind.name === "near") {
      expect(() => calls.words(call)).toThrow(JitError);
      return;
    }
    const words = calls.words(call);
    const memory = new Map([
      ...calls.table.map(({ address, value }) => [hex64(address), value] as const),
      [hex64(descriptor), code] as const,
      [hex64(kernel.paca.add(u64(machine.pacaKernelBase))), machine.kernelBase] as const,
    ]);
    const live = { ...kernel, doubleword: (address: U64) => memory.get(hex64(address)) };
    const { global, local } = callee.to;
    const entered = ["far-notoc", "toc-relative"].includes(kind.name) ? local : global;
    expect(called(kind.name === "stub" ? calls.stubs : words, live)).toEqual(entered);
  });
});
