// The command as a user starts it: exit codes, wrong command lines, broken files, programs that never end.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { farcall, farcallJson } from "./farcall.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "farcall-cli-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(scratch, name), content);
  return join(scratch, name);
};
const COUNTERS = "examples/counters.el.o";
const counters = readFileSync(join(ROOT, COUNTERS));

/** Exit 2, nothing but one line on stderr. */
function expectUnusable(args: readonly string[], line: RegExp, input: string | Uint8Array = ""): void {
  const { status, stdout, stderr } = farcall(args, input);
  expect({ args, status, stdout }).toEqual({ args, status: 2, stdout: "" });
  expect(stderr).toMatch(line);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
}

describe("the command line", () => {
  it("a wrong verb, option or name: exit 2 and one line with the nearest that exists", () => {
    expectUnusable([], /no verb/);
    expectUnusable(["rum"], /unknown command 'rum' .*run/i);
    expectUnusable(["prog", "dum"], /dum.*dump/);
    expectUnusable(["prog"], /dump, show/);
    expectUnusable(["run", "--enginee", "auto", COUNTERS], /--enginee.*--engine/);
    expectUnusable(["run", "--engine", "interpeter", COUNTERS], /interpeter.*interpreter/);
    expectUnusable(["run", "--layout", "hash64-4.15", COUNTERS], /hash64-4\.15.*hash64k-4\.15/);
    expectUnusable(["run", "--prog", "counter", COUNTERS], /counter.*counters/);
    expectUnusable(["layouts", "radix64k"], /radix64k/);
    expectUnusable(["run"], /missing required argument/);
    expectUnusable(["run", COUNTERS, "another"], /too many arguments/);
  });
  it("numbers are checked", () => {
    for (const [option, value] of [
      ["--ram", "12"],
      ["--ram", "16M"],
      ["--ram", "4G"],
      ["--ram", "256X"],
      ["--max-insns", "0"],
      ["--max-insns", "-1"],
      ["--max-insns", "many"],
      ["--max-insns", "9007199254740993"],
      ["--seed", "1.5"],
      ["--repeat", "0"],
      ["--map-max-entries", "lengths"],
      ["--image-alloc", "modul_alloc"],
      ["--map-max-entries", "lengths=0"],
    ] as const)
      expectUnusable(["run", option, value, COUNTERS], new RegExp(option));
    expectUnusable(["asm", "-", "--base", "0x1_0000_0000_0000_0000_0"], /--base/);
    expectUnusable(["exec", "--raw", "--load", "0xffffffffffffffff", "--entry", "0", COUNTERS], /--load/);
    expectUnusable(["exec", "--raw", COUNTERS], /--load and --entry/);
  });
  it("what the contract has and this version has not is said, never ignored", () => {
    for (const option of ["--engine translator", "--harden"])
      expectUnusable(["run", ...option.split(" "), COUNTERS], /not built yet/);
    expectUnusable(["verify", COUNTERS], /not built yet/);
    expect(farcall(["prog", "dump", "xlated", COUNTERS, "visual", "--json"])).toMatchObject({ status: 2 });
    expectUnusable(["prog", "dump", "jited", COUNTERS, "visual"], /prog dump: 'visual' does not exist/);
  });
  it("--image-alloc takes a strategy with its argument; one that the kernel cannot have is its refusal", () => {
    const run = (value: string): readonly string[] => ["run", "--image-alloc", value, COUNTERS];
    const report = farcallJson(run("vmalloc_range:0xd000010000000000-0xd000010000100000"));
    expect(report).toMatchObject({
      image_alloc: "vmalloc_range:0xd000010000000000-0xd000010000100000",
      functions: [{ address: expect.stringMatching(/^0xd0000100000/) as string }],
    });
    expectUnusable(run("vmalloc_range"), /needs an argument: vmalloc_range:START-END/);
    expectUnusable(run("vmalloc_range:0-x"), /is no range START-END/);
    expectUnusable(run("module_alloc:1"), /takes no argument/);
    const refused = farcall([...run("vmalloc_range:0xd000380000000000-0xd000380000100000")]);
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toMatch(/is not inside hash64k-4.15's vmalloc range/);
  });
  it("call and helper sequences are in the report; one that cannot be is the JIT's refusal with both addresses", () => {
    const run = (call: string, helper: string): readonly string[] => {
      return ["run", COUNTERS, "--call-sequence", call, "--helper-sequence", helper];
    };
    expect(farcallJson(run("toc", "stub"))).toMatchObject({ call_sequence: "toc", helper_sequence: "stub" });
    const refused = farcall([...run("far", "near"), "--json"]);
    expect(refused.status).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: {
        stage: "jit",
        errno: "ERANGE",
        message: expect.stringMatching(
          /bl at 0xd[0-9a-f]{15} does not reach bpf_map_lookup_elem at 0xc[0-9a-f]{15}: more than 32 MiB$/,
        ) as string,
      },
    });
    expect(farcall(run("far", "pcrel")).stderr).toContain("power9 has no prefixed instructions");
    expectUnusable(run("far-nottoc", "far"), /did you mean 'far-notoc'/);
  });
  it("every verb has help with its defaults and an example", () => {
    for (const verb of [
      "run",
      "exec",
      "asm",
      "disasm",
      "layouts",
      "ranges",
      "conformance",
      "prog",
      "prog show",
      "prog dump",
      "cycles",
      "bench cpu",
      "bench calls",
    ]) {
      const { status, stdout } = farcall([...verb.split(" "), "--help"]);
      expect({ verb, status }).toEqual({ verb, status: 0 });
      expect(stdout).toContain("\nExample:\n");
    }
    expect(farcall(["run", "--help"]).stdout).toMatch(/--ram.*256M/);
  });
  it("options may stand before and after the file", () => {
    const before = farcallJson(["run", "--seed", "3", COUNTERS]);
    const after = farcallJson(["run", COUNTERS, "--seed", "3"]);
    expect(after).toMatchObject({ retval: (before as { retval: number }).retval });
  });
  it("a reader that goes away ends it without a word", async () => {
    const farcall = spawn(process.execPath, ["dist/farcall.js", "isa"], { cwd: ROOT });
    let stderr = "";
    farcall.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    farcall.stdout.once("data", () => farcall.stdout.destroy());
    await new Promise((resolve) => farcall.on("close", resolve));
    expect(stderr).toBe("");
  });
});

describe("input files", () => {
  it("a file that cannot be read", () => {
    expectUnusable(["run", "/nonexistent.o"], /\/nonexistent\.o: no such file/);
    expectUnusable(["run", scratch], /is a directory/);
    expectUnusable(["asm", "/nonexistent.s"], /no such file/);
  });
  it("an object that is cut short anywhere is refused in one line, at once", () => {
    for (const length of [0, 3, 16, 63, 64, 200, counters.length >> 1, counters.length - 64])
      expectUnusable(["run", "-"], /./, counters.subarray(0, length));
  });
  it("an object of another machine is refused", () => {
    const other = Buffer.from(counters);
    other.writeUInt16LE(62, 18);
    expectUnusable(["run", "-"], /machine|e_machine|BPF/i, other);
  });
  it("--endian that contradicts the object", () => {
    expectUnusable(["run", "--endian", "be", COUNTERS], /--endian/);
  });
  it("standard input is a file named -", () => {
    const { status, stdout } = farcall(["run", "-", "--json"], counters);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ program: "counters" });
  });
  it("an instruction that does not exist", () => {
    expectUnusable(["asm", "-"], /line 2.*frobnicate|frobnicate/, "nop\nfrobnicate 3, 4\n");
    const { status, stderr } = farcall([
      "run",
      file("unknown.bin", Buffer.from("ff000000000000009500000000000000", "hex")),
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^farcall: .*opcode/);
  });
});

describe("what is printed", () => {
  it("--json: one document, also when a stage says no", () => {
    const { status, stdout, stderr } = farcall([
      "run",
      "--json",
      file("bad.s", "r0 = r5\nr1 = *(u64 *)(r10 - 600)\nexit\n"),
    ]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { stage: "verify", errno: "EACCES" } });
    expect((JSON.parse(stdout) as { error: { message: string } }).error.message).not.toBe("");
    expect(stderr).not.toBe("");
  });
  it("a program that never ends stops at --max-insns: exit 1, stage run", () => {
    const loop = file("loop.bin", Buffer.from("05 00 ff ff 00 00 00 00".replaceAll(" ", ""), "hex"));
    for (const engine of ["interpreter", "reference"]) {
      const { status, stdout, stderr } = farcall([
        "run",
        "--json",
        "--no-verify",
        "--max-insns",
        "100000",
        "--engine",
        engine,
        loop,
      ]);
      expect({ status, stderr }).toMatchObject({ status: 1 });
      expect(JSON.parse(stdout)).toMatchObject({ error: { stage: "run" } });
      expect(stdout).toContain("100000");
    }
  });
  it("asm and disasm give each other's text back", () => {
    const words = farcall(
      ["asm", "-", "--base", "0xc000_0000_0000_0000"],
      "1: add 3,4,5\n ld 6,-8(1)\n bl 1b\n blr\n",
    );
    expect(words.stdout).toBe(
      "c000000000000000: 7c642a14\nc000000000000004: e8c1fff8\nc000000000000008: 4bfffff9\nc00000000000000c: 4e800020\n",
    );
    const hex = words.stdout.matchAll(/: (.*)/g);
    const text = farcall([
      "disasm",
      "--base",
      "0xc000000000000000",
      "--hex",
      ...[...hex].map((match) => match[1] ?? ""),
    ]);
    expect(
      text.stdout.split("\n").map((line) => line.split("\t").slice(1).join(" ").replaceAll(/ +/g, " ")),
    ).toEqual([
      "7c642a14 add r3,r4,r5",
      "e8c1fff8 ld r6,-8(r1)",
      "4bfffff9 bl 0xc000000000000000",
      "4e800020 blr",
      "",
    ]);
  });
  it("asm and disasm know prefixed instructions on power10, and print both words of one", () => {
    const text = "pld 3,16\npaddi 4,5,-1\n";
    const words = farcall(["asm", "-", "--cpu", "power10"], text).stdout;
    expect(words.match(/[0-9a-f]{8}$/gm)).toEqual(["04100000", "e4600010", "0603ffff", "3885ffff"]);
    const hex = ["--hex", ...(words.match(/[0-9a-f]{8}$/gm) ?? [])];
    expect(farcall(["disasm", "--cpu", "power10", "--base", "0x1000", ...hex]).stdout).toBe(
      "0000000000001000:\t04100000 e4600010\tpld     r3,16\t# 1010\n" +
        "0000000000001008:\t0603ffff 3885ffff\tpaddi   r4,r5,-1\n",
    );
    const json = farcall(["disasm", "--cpu", "power10", "--json", ...hex]).stdout;
    expect(JSON.parse(json)).toMatchObject([
      {
        instructions: [
          { address: "0x0000000000000000", word: "0x04100000", suffix: "0xe4600010" },
          { address: "0x0000000000000008", word: "0x0603ffff", suffix: "0x3885ffff" },
        ],
      },
    ]);
    expect(farcall(["disasm", ...hex]).stdout).toContain("04100000\t.long 0x4100000\n");
    expect(farcall(["asm", "-"], text).stderr).toBe("farcall: line 1: no instruction pld on power9\n");
  });
  it("asm -o leaves text as it is and orders numbers, in both byte orders", () => {
    const numbers = {
      le: [0xcd, 0xab, 1, 2, 0x23, 0x01, 0xef, 0xbe],
      be: [0xab, 0xcd, 1, 2, 0xbe, 0xef, 0x01, 0x23],
    };
    for (const endian of ["le", "be"] as const) {
      const image = join(scratch, `data.${endian}`);
      const text = '.ascii "abcdefgh"\n.short 0xabcd\n.byte 1, 2\n.long 0xbeef0123\n';
      expect(farcall(["asm", "-", "--endian", endian, "-o", image], text).status).toBe(0);
      expect([...readFileSync(image)]).toEqual([...Buffer.from("abcdefgh"), ...numbers[endian]]);
    }
  });
  it("a flat image runs on the bare machine in both byte orders", () => {
    for (const endian of ["le", "be"]) {
      const image = join(scratch, `image.${endian}`);
      const text = "li 3, 1\nli 4, 10\nmtctr 4\n1: add 3, 3, 3\nbdnz 1b\nattn\n";
      expect(farcall(["asm", "-", "--endian", endian, "-o", image], text)).toMatchObject({
        status: 0,
        stdout: "",
      });
      for (const engine of ["interpreter", "reference"]) {
        const raw = [
          "exec",
          "--raw",
          "--load",
          "0x1000",
          "--entry",
          "0x1000",
          "--endian",
          endian,
          "--engine",
          engine,
        ];
        const result = farcallJson([...raw, image]) as { readonly regs: { readonly gpr: readonly string[] } };
        expect(result).toMatchObject({
          reason: "attn",
          exit_code: null,
          nia: "0x0000000000001014",
          instructions: 24,
        });
        expect(result.regs.gpr[3]).toBe("0x0000000000000400");
      }
    }
  });
  it("stack traces are shown with --debug alone", () => {
    expect(farcall(["run", "/nonexistent", "--debug"]).stderr).toMatch(/\n +at /);
    expect(farcall(["run", "/nonexistent"]).stderr).not.toMatch(/\n +at /);
  });
});
