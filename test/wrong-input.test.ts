// Input that `ranges`, `layouts` and `module` cannot use, and ways of giving it that they must take. What each verb does with
// good input is its own test's.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { farcall, farcallJson } from "./farcall.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const HELLO = "examples/modules/hello.le.o";
const CALLS = "examples/calls.el.o";
const HOLE = ["--layout", "hash64k-4.15", "--image-alloc", "linear-hole:1G", "--call-encoding", "imm32"];

const scratch = mkdtempSync(join(tmpdir(), "farcall-wrong-"));
afterAll(() => rmSync(scratch, { recursive: true }));

describe("module files", () => {
  it("a file that is refused is named, whichever of several it is", () => {
    const cut = join(scratch, "cut.o");
    writeFileSync(cut, readFileSync(join(ROOT, HELLO)).subarray(0, 300));
    const { status, stderr } = farcall(["module", HELLO, cut]);
    expect(status).toBe(1);
    expect(stderr.split("\n")[0]).toBe(`farcall: ${cut}: Invalid ELF section header overflow`);
  });
  it("layouts --with says the same of one", () => {
    const user = "examples/modules/user.le.o";
    const [line] = farcall(["module", user]).stderr.split("\n");
    expect(line).toMatch(/^farcall: \S+user\.le\.o: user: Unknown symbol/);
    expect(farcall(["layouts", "hash64k-4.15", "--with", user])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`${String(line)}\n`) as string,
    });
  });
  it("standard input can be read once", () => {
    expect(farcall(["module", "-", "-"], readFileSync(join(ROOT, HELLO)))).toMatchObject({
      status: 2,
      stderr: "farcall: standard input (-) can be read once only\n",
    });
  });
});

describe("layouts on standard input", () => {
  const edited = JSON.stringify({ ...(farcallJson(["layouts", "hash4k-6.12"]) as object), name: "edited" });
  it("are a file named - for layouts and for --layout", () => {
    expect(farcall(["layouts", "-"], edited)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^edited {3}hash MMU/) as string,
    });
    expect(farcallJson(["run", CALLS, "--layout", "-"], edited)).toMatchObject({ layout: "edited" });
  });
  it("leave nothing for a program to be read from there", () => {
    for (const args of [
      ["run", "-", "--layout", "-"],
      ["ranges", "-", "--layout", "-"],
      ["layouts", "-", "--with", "-"],
    ])
      expect(farcall(args, edited)).toMatchObject({ status: 2, stdout: "" });
  });
});

describe("ranges", () => {
  it("a drawing that cannot be written is said before anything is measured", () => {
    const refused = join(scratch, "refused.s");
    writeFileSync(refused, "r0 = r5\nexit\n");
    for (const [file, why] of [
      [join(scratch, "nowhere", "x.svg"), "no such file"],
      [scratch, "is a directory"],
    ] as const)
      expect(farcall(["ranges", refused, "--svg", file])).toMatchObject({
        status: 2,
        stderr: `farcall: ${file}: ${why}\n`,
      });
  });
  it("a hole of a whole GiB is a size", () => {
    const [small] = (farcallJson(["ranges", CALLS, ...HOLE]) as { rows: { error: string | null }[] }).rows;
    expect(small?.error).toMatch(/^EBUSY: linear-hole: not all of 1073741824 bytes/);
  });
});
