// Files and options that contradict each other, plain memory as the context, junk in what is shown. Runs the built command.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { farcall, farcallJson } from "./farcall.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "farcall-files-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(scratch, name), content);
  return join(scratch, name);
};
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const COUNTERS = "examples/counters.el.o";

/** Exit 2, nothing on stdout, one printable line on stderr. */
function expectRefused(args: readonly string[], line: RegExp, input: string | Uint8Array = ""): void {
  const { status, stdout, stderr } = farcall(args, input);
  expect({ args, status, stdout }).toEqual({ args, status: 2, stdout: "" });
  expect(stderr).toMatch(line);
  expect(stderr.trimEnd()).not.toMatch(/\p{Cc}/u);
}

describe("raw instructions with --ctx-in", () => {
  const memory = file("memory", "ABCDEFGHIJKL");
  // r0 = *(u32 *)(r1 + 0); r0 += r2; exit
  const sum = file("sum.bin", hex("6110000000000000 0f20000000000000 9500000000000000"));
  // *(u8 *)(r1 + 0) = 85; r0 = 1; exit
  const store = file("store.bin", hex("7201000055000000 b700000001000000 9500000000000000"));

  it.each([[], ["--no-verify"], ["--no-jit"]])(
    "read r1's bytes as they are, and their number %s",
    (...way) => {
      expect(farcallJson(["run", sum, "--ctx-in", memory, ...way])).toMatchObject({
        retval: 0x4443_4241 + 12,
        ctx_out: Buffer.from("ABCDEFGHIJKL").toString("hex"),
      });
    },
  );
  it("may write there", () => {
    expect(farcallJson(["run", store, "--ctx-in", memory])).toMatchObject({
      retval: 1,
      ctx_out: Buffer.from("UBCDEFGHIJKL").toString("hex"),
    });
  });
  it("have no packet", () => {
    for (const option of ["--data-in", "--data-out"]) {
      expectRefused(["run", sum, "--ctx-in", memory, option, memory], new RegExp(`${option}.*no packet`));
      expectRefused(["run", store, "--no-verify", option, memory], new RegExp(`${option}.*no packet`));
    }
    const dump = ["prog", "dump", "jited", sum, "--cycles", "--data-in", memory];
    for (const way of [["--ctx-in", memory], ["--no-verify"]])
      expectRefused([...dump, ...way], /--data-in.*no packet/);
  });
});

describe("files and options", () => {
  it("--type that contradicts the object's section", () => {
    expectRefused(["run", COUNTERS, "--type", "xdp"], /counters is socket_filter, --type says xdp/);
    expect(farcallJson(["run", COUNTERS, "--type", "socket_filter"])).toMatchObject({
      type: "socket_filter",
    });
  });
  it("a name of another program, a map of a program without maps", () => {
    const answer = file("answer.s", "r0 = 42\nexit\n");
    expectRefused(["run", answer, "--prog", "other"], /'other' does not exist \(.*main/);
    expectRefused(["run", answer, "--map-max-entries", "m=1"], /'m' does not exist \(there is none\)/);
    expect(farcallJson(["run", answer, "--prog", "main"])).toMatchObject({ retval: 42 });
  });
  it("conformance refuses what is no program, and a byte order that is not the object's", () => {
    expectRefused(["conformance"], /standard input: 1 bytes/, "b7");
    expectRefused(["conformance", "--elf"], /standard input: ELF header/, "7f454c46");
    const object = readFileSync(join(ROOT, COUNTERS)).toString("hex");
    expectRefused(["conformance", "--elf"], /no program main/, object);
  });
  it("exec says what an ELF file is that it cannot run", () => {
    expectRefused(["exec", COUNTERS], /ELF file for machine 247, not ppc64 \(21\)/);
    expectRefused(["exec", process.execPath], /ELF file for machine \d+, not ppc64/);
  });
  it("a result does not go to a file named -", () => {
    expectRefused(["asm", "-", "-o", "-"], /- is standard input/, "nop\n");
    expectRefused(["run", COUNTERS, "--data-out", "-"], /- is standard input/);
  });
  it("an error of a stage has all its members", () => {
    const { status, stdout } = farcall(["run", "--json", "--max-insns", "1", COUNTERS]);
    expect(status).toBe(1);
    const { error } = JSON.parse(stdout) as { readonly error: object };
    expect(Object.keys(error)).toEqual(["stage", "errno", "message", "log"]);
  });
});

describe("bpf_trace_printk", () => {
  // "hi\n" and its end on the stack: 4 bytes, of which 3 are printed.
  const text = "r1 = r10\nr1 += -8\n*(u64 *)(r10 - 8) = 0x0a6968\nr2 = 4\ncall bpf_trace_printk\n";
  it.each([[], ["--no-jit"]])("is shown on standard error %s", (...way) => {
    const { status, stdout, stderr } = farcall(["run", "--json", ...way, file("trace.s", `${text}exit\n`)]);
    expect([status, stderr]).toEqual([0, "bpf_trace_printk: hi\n"]);
    expect(JSON.parse(stdout)).toMatchObject({ retval: 3 });
  });
  it("of a program that runs away: its last messages, before the failure", () => {
    const program = file("runaway.s", `again: ${text}if r0 == 3 goto again\nexit\n`);
    const { status, stderr } = farcall(["run", "--no-jit", "--max-insns", "50000", program]);
    const lines = stderr.trimEnd().split("\n");
    expect(status).toBe(1);
    expect(lines).toHaveLength(4097);
    expect(lines.at(-1)).toMatch(/^farcall: stopped after --max-insns/);
  });
});

describe("help", () => {
  const verbs = [
    "run",
    "prog",
    "prog show",
    "prog dump",
    "prog dump xlated",
    "prog dump jited",
    "exec",
    "asm",
  ];
  it.each([...verbs, "disasm", "layouts", "isa", "conformance"])(
    "has an example that runs as it stands: %s",
    (verb) => {
      const { stdout } = farcall([...verb.split(" "), "--help"]);
      const [, example = "false"] = /^Example:\n(.*)/ms.exec(stdout) ?? [];
      const { status, stderr } = spawnSync("sh", ["-c", example], { cwd: ROOT, encoding: "utf8" });
      expect({ example, status, stderr }).toEqual({ example, status: 0, stderr: "" });
    },
  );
});

describe("disasm of ELF files", () => {
  /** A header, `words` at 64, and two section headers: the null one and one that is executable [ELF-64]. */
  function executable(little: boolean, words: readonly number[]): Uint8Array {
    const headers = 64 + 4 * words.length;
    const view = new DataView(new ArrayBuffer(headers + 2 * 64));
    [0x7f, 0x45, 0x4c, 0x46, 2, little ? 1 : 2, 1].forEach((byte, i) => view.setUint8(i, byte));
    view.setUint16(18, 21, little);
    view.setBigUint64(40, BigInt(headers), little);
    [64, 2, 0].forEach((value, i) => view.setUint16(58 + 2 * i, value, little));
    words.forEach((word, i) => view.setUint32(64 + 4 * i, word, little));
    const section = headers + 64;
    view.setUint32(section + 4, 1, little);
    [6n, 0x1000_0000n, 64n, BigInt(4 * words.length)].forEach((value, i) =>
      view.setBigUint64(section + 8 + 8 * i, value, little),
    );
    return new Uint8Array(view.buffer);
  }
  it.each([true, false])("finds the code, little-endian: %s", (little) => {
    const { stdout } = farcall(["disasm", "-"], executable(little, [0x7c64_2a14, 0x4e80_0020]));
    expect(stdout).toBe("0000000010000000:\t7c642a14\tadd     r3,r4,r5\n0000000010000004:\t4e800020\tblr\n");
  });
});

describe("junk", () => {
  it("is shown in one line that a terminal survives, and not for ever", () => {
    expectRefused(["asm", "-"], /no instruction/, "\u001b[2Jfoo\u0007\r bar\n");
    expectRefused(["run", file("junk.s", "\u001b]0;title\u0007\u0085x\u2028y")], /not an instruction/);
    const { status, stderr } = farcall(["asm", "-"], "x".repeat(1_000_000));
    expect(status).toBe(2);
    expect(stderr.length).toBeLessThan(1000);
  });
  it("that does not end is refused", () => {
    expectRefused(["run", "/dev/zero"], /\/dev\/zero: more than 256M/);
    expectRefused(["asm", "-"], /line 1: more than \d+ bytes/, ".space 1000000000\n");
  });
  it("of a size that only a careless reader minds is read at once", () => {
    const many = (text: string): string => text.repeat(200_000);
    expectRefused(["asm", "-"], /no symbol x/, `li 3,${many(" ")}x`);
    expectRefused(["asm", "-"], /li: 1 operands/, `li${many("\t")}3${many(" ")}`);
    expectRefused(["asm", "-"], /line 1: a comment is not closed/, many("/* "));
    expectRefused(["asm", "-"], /is no string/, `.string "${many('\\"')}`);
    expectRefused(["asm", "-"], /more than 64 bits/, `li 3,${many("9")}`);
    expect(farcall(["asm", "-"], `${many("1:")} b 1b`).stdout).toBe("0000000000000000: 48000000\n");
  });
  it("on a standard output that is full ends in one line", () => {
    const command = `"${process.execPath}" dist/farcall.js isa > /dev/full`;
    const { status, stderr } = spawnSync("sh", ["-c", command], { cwd: ROOT, encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^farcall: standard output: .*\n$/);
  });
  it("nested without end is refused", () => {
    for (const open of ["(", "-", "~", "1+("])
      expectRefused(["asm", "-"], /line 1: .*nested/, `li 3, ${open.repeat(100_000)}1`);
    expect(farcall(["asm", "-"], `li 3, ${"(".repeat(100)}7${")".repeat(100)}`).stdout).toContain("38600007");
  });
});
