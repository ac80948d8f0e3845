import { expect, it } from "vitest";
import { fromHalves, u64, type U64 } from "../../word/long.ts";
import type { CallEncodingName } from "../core/encoding/encoding.ts";
import { callEncodingNamed } from "../core/encoding/table.ts";
import { insn, type Insn } from "../insn.ts";
import { BPF_CALL, BPF_EXIT, BPF_JMP } from "../opcodes.ts";
import { remark, resolveCalls, type DumpedCalls } from "./calls.ts";
import { SymbolTable } from "./symbol-table.ts";

const BASE = 0x0033_2f20;
const main = fromHalves(0xd000_0000, 0x0004_1028);
const f = fromHalves(0xd000_0000, 0x0005_2000);
const line = (address: U64, type: string, name: string): string =>
  `${address.toString(16).padStart(16, "0")} ${type} ${name}\n`;
const TEXT = line(fromHalves(0xc000_0000, BASE), "T", "__bpf_call_base");
const NAMES = line(main, "t", "bpf_prog_11_main\t[bpf]") + line(f, "t", "bpf_prog_22_f\t[bpf]");

const exit = insn(BPF_JMP | BPF_EXIT);
const call = (off: number, imm: number): Insn => insn(BPF_JMP | BPF_CALL, { src: 1, off, imm });

/** main: call, exit; f: exit. */
const resolve = (
  encoding: CallEncodingName,
  [off, imm]: readonly [number, number],
  kallsyms: string,
  more: Partial<DumpedCalls> = {},
): unknown => {
  const [found] = resolveCalls({
    insns: [call(off, imm), exit, exit],
    ksymCount: 2,
    ksyms: [main, f],
    encoding: callEncodingNamed(encoding),
    symbols: new SymbolTable(kallsyms),
    nameOfId: () => undefined,
    ...more,
  });
  return found === undefined ? undefined : [found.kind, found.text + remark(found)];
};

it("a symbol at the callee's address is its name, without one the address stands there", () => {
  expect(resolve("aux-func", [1, 1], TEXT + NAMES)).toEqual(["resolved", "+1#bpf_prog_22_f"]);
  expect(resolve("aux-func", [1, 1], TEXT)).toEqual(["address", "+1#0xd000000000052000"]);
});

it("an address that is cut is wrong, whether it has a name or not", () => {
  // 0xd000000000052000 - 0xc000000000332f20: the low half is 0xffd1f0e0, the sum 0xc000000000052000.
  const cut = 0xffd1_f0e0 | 0;
  expect(resolve("imm32", [1, cut], TEXT + NAMES)).toEqual([
    "wrong",
    "+1#0xc000000000052000 ; wrong: 0xd000000000052000",
  ]);
  const other = line(fromHalves(0xc000_0000, 0x0005_2000), "T", "panic");
  expect(resolve("imm32", [1, cut], TEXT + NAMES + other)).toEqual([
    "wrong",
    "+1#panic ; wrong: 0xd000000000052000",
  ]);
});

it("a call of the wrong function of the program is wrong, too", () => {
  expect(resolve("aux-func", [1, 0], TEXT + NAMES)).toEqual([
    "wrong",
    "+1#bpf_prog_11_main ; wrong: 0xd000000000052000",
  ]);
});

it("48 bits have no room for how far away the callee is", () => {
  const [near, far] = [fromHalves(0xc000_0000, 0x0100_0000), fromHalves(0xc000_3d00, 0x0005_2000)];
  const symbols = TEXT + line(far, "t", "bpf_prog_22_f\t[bpf]");
  const fields = [0x3cff, 0xffd1_f0e0 | 0] as const; // 0x3d00_0005_2000 - 0x33_2f20
  expect(resolve("imm48", fields, symbols, { ksyms: [near, far] })).toEqual(["resolved", "#bpf_prog_22_f"]);
  expect(resolve("imm48", fields, TEXT, { ksyms: [near, far] })).toEqual(["address", "#0xc0003d0000052000"]);
});

it("a number is resolved by who may ask for programs by number", () => {
  const nameOfId = (id: number): string | undefined => (id === 8 ? "bpf_prog_22_f" : undefined);
  const blind = { ksyms: undefined, nameOfId };
  expect(resolve("prog-id", [1, 8], "", blind)).toEqual(["resolved", "+1#bpf_prog_22_f"]);
  expect(resolve("prog-id", [1, 8], TEXT + NAMES)).toEqual(["nothing", "+1"]);
});

it("who may not see addresses is shown a zero, as bpftool does", () => {
  const zeros = line(u64(0), "T", "__bpf_call_base") + line(u64(0), "t", "bpf_prog_22_f\t[bpf]");
  for (const encoding of ["imm32", "callee-list", "aux-func"] as const)
    expect(resolve(encoding, [1, 0], zeros, { ksyms: undefined })).toEqual(["nothing", "+1#0x0"]);
  expect(resolve("imm48", [0, 0], zeros, { ksyms: undefined })).toEqual(["nothing", "#0x0"]);
});

it("a program without images has distances", () => {
  const interpreted = { ksymCount: 0, ksyms: undefined };
  expect(resolve("imm48", [1, 1], TEXT, interpreted)).toEqual(["nothing", "+1"]);
});

it("a symbol table finds entry points near a symbol, and no address that is zero", () => {
  const symbols = new SymbolTable(TEXT + line(u64(0), "T", "hidden"));
  const base = fromHalves(0xc000_0000, BASE);
  expect(symbols.near(base)).toEqual({ name: "__bpf_call_base", offset: 0 });
  expect(symbols.near(base.add(8))).toEqual({ name: "__bpf_call_base", offset: 8 });
  expect(symbols.near(base.add(64))).toEqual({ name: "__bpf_call_base", offset: 64 });
  expect(symbols.near(base.add(68))).toBeUndefined();
  expect(symbols.near(base.sub(4))).toBeUndefined();
  expect(symbols.at(u64(0))).toBeUndefined();
});
