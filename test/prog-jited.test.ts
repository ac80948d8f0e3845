// `farcall prog dump jited`: functions and what they call under their own names, at their true addresses, for both ABIs.
import { describe, expect, it } from "vitest";
import { examplePath } from "../scripts/examples.ts";
import { farcall, farcallJson } from "./farcall.ts";

interface Dumped {
  readonly name: string;
  readonly insns: readonly {
    readonly pc: string;
    readonly operation: string;
    readonly operands: readonly string[];
    readonly opcodes?: readonly string[];
  }[];
}
interface Ran {
  readonly functions: readonly { readonly name: string; readonly address: string; readonly bytes: number }[];
}

const dump = (file: string, ...options: readonly string[]): readonly Dumped[] =>
  farcallJson(["prog", "dump", "jited", examplePath(file), ...options]) as readonly Dumped[];
const operands = (functions: readonly Dumped[], operation: string): readonly string[] =>
  functions.flatMap(({ insns }) =>
    insns.filter((each) => each.operation === operation).map(({ operands: [first = ""] }) => first),
  );
const lengthOf = ({ insns }: Dumped): number => parseInt(insns.at(-1)?.pc ?? "", 16) + 4;
const TAGGED = /^bpf_prog_[0-9a-f]{16}_/;

describe.each([
  { abi: "ELFv2", kind: "el", entry: "", descriptor: 0 },
  { abi: "ELFv1", kind: "eb", entry: "\\+0x18", descriptor: 24 },
])("$abi", ({ kind, entry, descriptor }) => {
  const file = `calls.${kind}.o`;
  const ran = farcallJson(["run", examplePath(file)]) as Ran;

  it("each function has its name, its length, and the descriptor where there is one", () => {
    const functions = dump(file);
    expect(functions.map(({ name }) => name.replace(TAGGED, ""))).toEqual(ran.functions.map((f) => f.name));
    expect(functions.map(lengthOf)).toEqual(ran.functions.map(({ bytes }) => descriptor + bytes));
    const quads = functions.map((f) => operands([f], ".quad"));
    functions.forEach(({ name }, i) => {
      expect(quads[i]).toHaveLength(descriptor / 8);
      if (descriptor === 0) return;
      const code = BigInt(ran.functions[i]?.address ?? 0) + 24n;
      expect(quads[i]?.[0]).toBe(`0x${code.toString(16)} <${name}+0x18>`);
      expect(quads[i]?.[2]).toBe("0x0");
    });
    const shown = farcallJson(["prog", "show", examplePath(file)]) as { bytes_jited: number };
    expect(shown.bytes_jited).toBe(functions.reduce((sum, each) => sum + lengthOf(each), 0));
  });

  it("a call has the callee's name and address", () => {
    const addresses = new Map(ran.functions.map(({ name, address }) => [name, BigInt(address)]));
    const called = operands(dump(file), "bl");
    expect(called).toHaveLength(7);
    for (const operand of called) {
      const form = new RegExp(`^(0x[0-9a-f]+) <bpf_prog_[0-9a-f]{16}_(\\w+?)${entry}>$`);
      const [, address = "", name = ""] = form.exec(operand) ?? [];
      expect(BigInt(address)).toBe((addresses.get(name) ?? 0n) + BigInt(descriptor));
    }
    const far = operands(dump(file, "--call-sequence", "far"), "mtctr");
    expect(far).toHaveLength(7);
    for (const operand of far) expect(operand).toMatch(new RegExp(`^r12 <bpf_prog_\\w+${entry}>$`));
  });

  it.each(["far-notoc", "stub", "toc", "pcrel", "far-blrl"])(
    "a call by %s has the callee's name",
    (sequence) => {
      const functions = dump(file, "--call-sequence", sequence, "--cpu", "power10");
      const operation = { stub: "bl", "far-blrl": "mtlr" }[sequence] ?? "mtctr";
      const called = operands(functions, operation).filter((operand) => operand !== "r0");
      const local = sequence === "far-notoc" && descriptor === 0 ? "\\+0x4" : entry;
      const start = sequence === "stub" ? "<stub of " : "<";
      for (const operand of called)
        expect(operand).toMatch(new RegExp(`${start}bpf_prog_[0-9a-f]{16}_\\w+?${local}>$`));
      const callee = (operand: string): string | undefined =>
        /bpf_prog_[0-9a-f]{16}_(\w+)(?:\+0x\w+)?>$/.exec(operand)?.[1];
      expect(called).toHaveLength(7);
      expect(called.map(callee)).toEqual(operands(dump(file), "bl").map(callee));
    },
  );

  it("without names in kallsyms there are addresses, and the kernel's own names", () => {
    const functions = dump(file, "--no-kallsyms");
    expect(functions.map(({ name }) => name)).toEqual(ran.functions.map(({ address }) => address));
    const called = operands(functions, "bl");
    expect(called).toHaveLength(7);
    for (const operand of called) expect(operand).toMatch(/^0xd[0-9a-f]{15}$/);
    const helpers = operands(dump(`counters.${kind}.o`, "--no-kallsyms"), "mtctr");
    expect(helpers).toEqual(
      ["lookup", "update", "delete"].map((what) =>
        descriptor === 0 ? `r12 <bpf_map_${what}_elem+0x8>` : `r12 <.bpf_map_${what}_elem>`,
      ),
    );
  });

  it("a call that is cut has the address where it goes", () => {
    const [first] = operands(dump(file, "--call-encoding", "imm32"), "mtctr");
    expect(first).toMatch(/^r12 <0xc0000000000[0-9a-f]{5}>$/);
  });

  it("opcodes are the bytes in memory order", () => {
    const [main] = dump(file, "opcodes");
    const last = main?.insns.at(-1);
    // blr is 4e 80 00 20 with the most significant byte first.
    const blr = ["0x4e", "0x80", "0x00", "0x20"];
    expect(last?.opcodes).toEqual(descriptor === 0 ? blr.reverse() : blr);
    expect(main?.insns.flatMap(({ opcodes = [] }) => opcodes)).toHaveLength(
      descriptor + (ran.functions[0]?.bytes ?? 0),
    );
  });
});

it("an interpreted program has no code", () => {
  const { status, stderr } = farcall(["prog", "dump", "jited", examplePath("calls.el.o"), "--no-jit"]);
  expect(status).toBe(1);
  expect(stderr).toContain("no instructions returned");
});
