// `farcall module` as a user starts it: what it shows, exit codes, wrong files.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { modulePath } from "../scripts/module-examples.ts";
import { farcall, farcallJson } from "./farcall.ts";

const scratch = mkdtempSync(join(tmpdir(), "farcall-module-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const example = (file: string): string => `examples/modules/${file}`;

describe("farcall module", () => {
  it("shows sections, symbols, stubs with their code, results and the kernel log", () => {
    const { status, stdout } = farcall(["module", example("provider.le.o"), example("user.le.o")]);
    expect(status).toBe(0);
    for (const line of [
      /^user {3}192K, r2 0xd00000000005\w{4}, uses provider$/m,
      /^ {2}0xd00000000004\w{4} +380 {2}text +\.text$/m,
      /^ {2}0xd00000000004\w{4} +164 {2}T {2}init_module$/m,
      /^ {2}0xd00000000004\w{4} provided_add: to 0xd000000000000000 provided_add \[provider\]$/m,
      /^ {4}0xd00000000004\w{4}: f8410018 +std +r2,24\(r1\)$/m,
      /^init_module returned 5223 after \d+ instructions$/m,
      /\] user: 3 calls, the last for nothing$/m,
    ])
      expect(stdout).toMatch(line);
  });

  it("gives the same as one JSON document; the file decides byte order and ABI", () => {
    const report = farcallJson(["module", example("hello.be.o"), "--layout", "radix64k-6.12"]);
    expect(report).toMatchObject({
      layout: "radix64k-6.12",
      endian: "be",
      abi: "elfv1",
      modules: [{ name: "hello", init: { returned: 4 }, unloaded: true, stays: null }],
    });
    const [stub] =
      (report as { modules: { stubs: { code: { words: string[]; text: string }[] }[] }[] }).modules[0]
        ?.stubs ?? [];
    expect(stub?.code.map(({ text }) => text.replaceAll(/\s+/g, " "))).toEqual([
      expect.stringMatching(/^addis r11,r2,/),
      expect.stringMatching(/^addi r11,r11,/),
      "std r2,40(r1)",
      "ld r12,32(r11)",
      "ld r2,40(r11)",
      "mtctr r12",
      "bctr",
    ]);
  });

  it("a pc-relative module has stubs without a TOC, and runs on power10 alone", () => {
    const file = example("hello-pcrel.le.o");
    const { stdout } = farcall(["module", "--cpu", "power10", file]);
    expect(stdout).toMatch(/04100000 e5800020 +pld +r12,/);
    const { status, stderr } = farcall(["module", file]);
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/Unknown ADD relocation: \d+ .*power10/) as string,
    });
  });

  it("an init that fails, a symbol that nobody has, a module without exit: exit 1, 1, 0", () => {
    const failing = farcall(["module", example("failing.le.o"), "--json"]);
    expect(failing.status).toBe(1);
    expect(JSON.parse(failing.stdout)).toMatchObject({ error: { stage: "run", errno: "ENODEV" } });
    const alone = farcall(["module", example("user.le.o"), "--json"]);
    expect(alone.status).toBe(1);
    expect(JSON.parse(alone.stdout)).toMatchObject({ error: { stage: "load", errno: "ENOENT" } });
    expect(alone.stderr).toMatch(
      /^farcall: \S+user\.le\.o: user: Unknown symbol provided_\w+ \(err -2\), nor provided_\w+, provided_\w+\n$/,
    );
    expect(farcallJson(["module", example("data.le.o")])).toMatchObject({
      modules: [{ unloaded: false, stays: { errno: "EBUSY" } }],
    });
  });

  it("files that are no modules: one line, never a stack trace", () => {
    const object = readFileSync(modulePath("hello.le.o"));
    const cut = join(scratch, "cut.o");
    writeFileSync(cut, object.subarray(0, 900));
    const text = join(scratch, "text.o");
    writeFileSync(text, "not an object");
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [[cut], 1, /Invalid ELF section header overflow/],
      [[text], 1, /not an ELF file/],
      [["examples/counters.el.o"], 1, /Invalid architecture in ELF header: 247/],
      [[example("hello.le.o"), example("data.be.o")], 1, /byte order be, the kernel's is le/],
      [[example("hello.le.o"), example("hello.le.o")], 1, /module hello is there already/],
      [[example("hello.le.o"), "--endian", "be"], 2, /hello\.le\.o is le, --endian says be/],
      [[join(scratch, "nothing.o")], 2, /no such file/],
      [[], 2, /missing required argument/],
    ];
    for (const [args, code, line] of cases) {
      const { status, stderr } = farcall(["module", ...args]);
      expect({ args, status, stderr }).toMatchObject({
        args,
        status: code,
        stderr: expect.stringMatching(line) as string,
      });
    }
  });
});
