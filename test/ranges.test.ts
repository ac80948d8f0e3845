// `farcall ranges` as a user starts it: its rows, what they must be by arithmetic, and its command line.
// What the strategies and encodings do is their own tests'.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { callEncodings } from "../bpf/core/encoding/table.ts";
import { BpfObject } from "../bpf/elf/object.ts";
import { imageAllocStrategies } from "../kernel/image-alloc/table.ts";
import { layouts } from "../kernel/layout/table.ts";
import type { AuditRow } from "../lab/ranges/audit-place.ts";
import { callsOf } from "../lab/ranges/calls.ts";
import type { Row } from "../lab/ranges/row.ts";
import { examplePath } from "../scripts/examples.ts";
import { drawing, rangesTables, RUNS, withTables, type Report } from "../scripts/ranges-page.ts";
import { farcall, farcallJson } from "./farcall.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CALLS = "examples/calls.el.o";
const FRAME = ["--data-in", "examples/frame.bin"];
/** A layout of each MMU: what other examples are tried on, unless it is night. */
const FEW = ["--layout", "hash64k-4.15,radix4k-6.12"];
const NIGHTLY = process.env["FARCALL_NIGHTLY"] === "1";

const scratch = mkdtempSync(join(tmpdir(), "farcall-ranges-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Whole matrices take long where others use the machine, too. */
const TIMEOUT_MS = 300_000;

const reportOf = (args: readonly string[]): Report =>
  JSON.parse(farcall(args, "", TIMEOUT_MS).stdout) as Report;
const rowsOf = (args: readonly string[]): readonly Row[] => reportOf(["ranges", ...args, "--json"]).rows;

/** Signed bits from __bpf_call_base to module_alloc's images [facts on Linux's headers; two where the image's offset decides]. */
const SIGNED_BITS: Readonly<Record<string, readonly [number, number]>> = {
  "hash64k-4.15": [61, 62],
  "hash4k-4.15": [61, 62],
  "radix64k-4.15": [52, 53],
  "radix4k-4.15": [52, 53],
  "hash64k-6.12": [52, 53],
  "hash4k-6.12": [47, 47],
  "radix64k-6.12": [52, 53],
  "radix4k-6.12": [52, 53],
};

/** The functions that a program calls, by their places in its list, and the one that its main function calls first. */
function calleesOf(file: string): { readonly all: readonly number[]; readonly first: number | undefined } {
  const object = BpfObject.parse(readFileSync(join(ROOT, file)));
  const calls = callsOf(object.link(object.programs[0]?.name ?? ""));
  return {
    all: [...new Set(calls.map(({ callee }) => callee))],
    first: calls.find(({ caller }) => caller === 0)?.callee,
  };
}

/** Fewest bits, by trying: signs extended, the value must stay what it is. */
function bitsFor(distance: bigint): number {
  for (let bits = 1; ; bits++) if (BigInt.asIntN(bits, distance) === distance) return bits;
}

/** What arithmetic on the addresses says of a row, in the row's own terms. */
function expectByArithmetic(row: Row, file: string, retval: number): void {
  const where = `${file} ${row.layout} ${row.image_alloc} ${row.call_encoding}`;
  const { all, first } = calleesOf(file);
  if (row.images === null || row.bpf_call_base === null) {
    expect(row, where).toMatchObject({ loads: false, runs: false, retval: null, oops: null });
    expect(row.error, where).toMatch(/^E[A-Z]+: \S/);
    return;
  }
  const base = BigInt(row.bpf_call_base);
  const distances = row.images.map((image) => BigInt.asIntN(64, BigInt(image) - base));
  const bits = all.length === 0 ? null : Math.max(...all.map((callee) => bitsFor(distances[callee] ?? 0n)));
  const fits = (room: number): boolean | null => (bits === null ? null : bits <= room);
  expect(row, where).toMatchObject({ signed_bits: bits, fits_s32: fits(32), fits_48: fits(48) });
  if (row.call_encoding === "imm48" && bits !== null && bits > 48) {
    expect(row, where).toMatchObject({ loads: false, runs: false, retval: null, oops: null });
    expect(row.error, where).toMatch(/^ERANGE: /);
  } else if (row.call_encoding === "imm32" && bits !== null && bits > 32) {
    expect(row, where).toMatchObject({ loads: true, error: null, runs: false, retval: null });
    const descriptor = file.includes(".eb.") ? 24n : 0n; // ELFv1: the code is behind the callee's descriptor
    const astray = BigInt.asUintN(64, base + BigInt.asIntN(32, distances[first ?? 0] ?? 0n)) + descriptor;
    expect(row.oops, where).toContain(`at 0x${astray.toString(16).padStart(16, "0")}`);
  } else expect(row, where).toMatchObject({ loads: true, error: null, runs: true, retval, oops: null });
  if (row.loads) expectNamed(row, where);
}

/** An address that a dump knows whole is named by kallsyms, an id by the kernel itself; a cut distance leads to no symbol. */
function expectNamed(row: Row, where: string): void {
  const cut = ["imm32", "callee-list"].includes(row.call_encoding) && row.fits_s32 === false;
  expect(row, where).toMatchObject({
    resolved_with_kallsyms: cut ? 0 : row.calls,
    resolved_without_kallsyms: row.call_encoding === "prog-id" ? row.calls : 0,
  });
}

describe("farcall ranges examples/calls.el.o", () => {
  const started = performance.now();
  const reports = RUNS.map((args) => reportOf(args.split(" ")));
  const seconds = (performance.now() - started) / 1000;
  const [{ rows } = { rows: [] }, { rows: far } = { rows: [] }] = reports;
  const [retval] = rows.flatMap((row) => (row.runs ? (row.retval ?? []) : []));

  it("has a row for every layout, strategy and encoding, in the order of their tables", () => {
    const cells = layouts.flatMap(({ name: layout }) =>
      imageAllocStrategies.flatMap(({ name }) =>
        callEncodings.map((encoding) => [layout, name, encoding.name]),
      ),
    );
    const shown = rows.map((row) => [row.layout, row.image_alloc.replace(/:.*/, ""), row.call_encoding]);
    expect(shown).toEqual(cells);
  });
  it("takes less than half a second a row, however busy the machine", () => {
    expect(seconds / (rows.length + far.length)).toBeLessThan(0.5);
  });
  it("has the members of the contract, in its order, and no other", () => {
    const members =
      "layout image_alloc call_encoding loads error runs retval oops bpf_call_base images signed_bits fits_s32 " +
      "fits_48 calls calls_in_bl_reach ram_bytes va_bytes resolved_with_kallsyms resolved_without_kallsyms";
    for (const row of rows) expect(Object.keys(row).join(" ")).toBe(members);
    const [row] = rows;
    expect(row).toMatchObject({ layout: "hash64k-4.15", image_alloc: "module_alloc", calls: 7 });
    expect(row?.images).toHaveLength(6);
    expect(row?.bpf_call_base).toMatch(/^0x[0-9a-f]{16}$/);
  });
  it("every cell does what arithmetic on its addresses says: runs, is refused, or goes astray to where it must", () => {
    expect(retval).toBeTypeOf("number");
    for (const row of rows) expectByArithmetic(row, CALLS, retval ?? 0);
  });
  it("so does every cell with images in the linear region of a machine with RAM at 3 GiB", () => {
    expect(far.map((row) => row.fits_s32)).toContain(false);
    for (const row of far) expectByArithmetic(row, CALLS, retval ?? 0);
  });
  it("docs/ranges.md has these tables and this drawing: npx tsx scripts/ranges-page.ts", () => {
    const page = readFileSync(join(ROOT, "docs/ranges.md"), "utf8");
    expect(page).toBe(withTables(page, rangesTables(reports)));
    expect(readFileSync(join(ROOT, "docs/ranges.svg"), "utf8")).toBe(drawing(reports));
  });
  it("module_alloc needs the signed bits that the layouts' headers say", () => {
    for (const row of rows.filter((each) => each.image_alloc === "module_alloc")) {
      const [least, most] = SIGNED_BITS[row.layout] ?? [NaN, NaN];
      expect(row.signed_bits, row.layout).toBeGreaterThanOrEqual(least);
      expect(row.signed_bits, row.layout).toBeLessThanOrEqual(most);
    }
  });
  it("module_alloc holds a page and a guard page for each function", () => {
    for (const row of rows.filter((each) => each.image_alloc === "module_alloc" && each.loads)) {
      const page = row.layout.includes("64k") ? 0x1_0000 : 0x1000;
      expect(row, row.layout).toMatchObject({ ram_bytes: 6 * page, va_bytes: 12 * page });
    }
  });
});

describe("the other examples", () => {
  it.each([
    ["examples/calls.eb.o", [] as const],
    ["examples/xdp_parse.el.o", FRAME],
    ["examples/xdp_parse.eb.o", FRAME],
    ["examples/counters.el.o", FRAME],
    ["examples/counters.eb.o", FRAME],
  ])("%s: every cell does what arithmetic says", { timeout: TIMEOUT_MS }, (file, input) => {
    const rows = rowsOf([file, ...input, ...(NIGHTLY ? [] : FEW)]);
    const run = farcallJson(["run", file, ...input]) as { readonly retval: number };
    for (const row of rows) expectByArithmetic(row, file, run.retval);
  });
});

describe("the command line of ranges", () => {
  const one = ["ranges", CALLS, "--layout", "hash4k-6.12", "--image-alloc", "module_alloc"];

  it("prints the same bytes whatever the number of threads, each time", { timeout: TIMEOUT_MS }, () => {
    const few = [
      "ranges",
      CALLS,
      "--layout",
      "radix64k-6.12",
      "--image-alloc",
      "module_alloc,linear",
      "--json",
      "--others",
      "5",
    ];
    const [first, second, third] = ["1", "2", "5"].map((jobs) => farcall([...few, "--jobs", jobs]).stdout);
    expect(second).toBe(first);
    expect(third).toBe(first);
  });
  it("the axes are narrowed by repeated options and by commas, in the order given", () => {
    const args = ["--layout", "radix4k-6.12", "--layout", "hash4k-4.15", "--call-encoding", "prog-id,imm32"];
    const rows = rowsOf([CALLS, ...args, "--image-alloc", "module_alloc"]);
    expect(rows.map((row) => `${row.layout} ${row.call_encoding}`)).toEqual([
      "radix4k-6.12 prog-id",
      "radix4k-6.12 imm32",
      "hash4k-4.15 prog-id",
      "hash4k-4.15 imm32",
    ]);
  });
  it("a strategy that needs an argument gets one for each layout, or the one that is given", () => {
    const few = ["--call-encoding", "aux-func", ...FEW];
    const [hash, radix] = rowsOf([CALLS, ...few, "--image-alloc", "vmalloc_range"]);
    expect(hash?.image_alloc).toMatch(/^vmalloc_range:0xd/);
    expect(radix?.image_alloc).toMatch(/^vmalloc_range:0xc008/);
    const given = rowsOf([CALLS, ...few, "--image-alloc", radix?.image_alloc ?? ""]);
    expect(given).toMatchObject([
      { loads: false, error: expect.stringMatching(/^EINVAL: .*not inside hash64k-4\.15/) as string },
      { runs: true },
    ]);
  });
  it("a row that was asked for alone is compared with its layout's module_alloc and aux-func all the same", () => {
    expect(rowsOf([CALLS, ...one.slice(2), "--call-encoding", "callee-list"])).toMatchObject([
      { runs: true },
    ]);
  });
  it("reads the program from standard input", () => {
    const { status, stdout } = farcall(
      [...one.with(1, "-"), "--json"],
      readFileSync(examplePath("calls.el.o")),
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ program: "calls" });
  });
  it("POWER8 has no radix MMU: its rows say so, the others run", () => {
    const rows = rowsOf([CALLS, "--cpu", "power8", ...FEW, "--image-alloc", "module_alloc,linear"]).filter(
      (row) => row.call_encoding === "aux-func",
    );
    for (const row of rows)
      if (row.layout.startsWith("radix"))
        expect(row).toMatchObject({
          loads: false,
          images: null,
          error: expect.stringMatching(/power8 has no radix/) as string,
        });
      else expect(row).toMatchObject({ runs: true });
  });
  it("text for people says what ran, what was refused and why, and what went astray", () => {
    const { stdout, status } = farcall(one);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^calls: 4 of 5 combinations run/);
    expect(stdout).toMatch(/module_alloc +oops: .* at 0x[0-9a-f]{16} +imm32 +47 +7\/7 +24K +48K/);
    expect(stdout).toMatch(/runs: \d+ +imm48 aux-func +47 +7\/7 +24K +48K +7\/0/);
  });
  it("--svg writes a drawing with a lane for each strategy", () => {
    const path = join(scratch, "map.svg");
    expect(farcall([...one, "--svg", path]).status).toBe(0);
    const svg = readFileSync(path, "utf8");
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).toContain(">module_alloc<");
    expect(svg.match(/<circle [^>]*><title>0x/g)).toHaveLength(6);
    expect(statSync(path).size).toBeLessThan(100_000);
  });
  it("--audit adds a member with what breaks under each strategy, and shows it below the matrix", () => {
    const args = [
      "ranges",
      CALLS,
      "--layout",
      "radix4k-6.12",
      "--image-alloc",
      "module_alloc,linear-end,linear-gap",
    ];
    const { audit, rows } = farcallJson([...args, "--audit"]) as {
      readonly rows: readonly Row[];
      readonly audit: readonly AuditRow[];
    };
    expect(audit.map(({ image_alloc }) => image_alloc)).toEqual(["module_alloc", "linear-end", "linear-gap"]);
    expect(rows).toEqual(rowsOf(args.slice(1)));
    const brokenPa = audit.map(({ findings }) =>
      findings.some(({ assumption, broken }) => assumption === "__pa of an image" && broken),
    );
    expect(brokenPa).toEqual([false, true, false]);
    expect(audit[2]).toMatchObject({ error: expect.stringMatching(/^ENXIO: /) as string, findings: [] });
    expect(farcall([...args, "--audit"]).stdout).toMatch(/__pa of an image +holds +breaks \[1\] +–/);
  });
  it("--others leaves less room near by: more of the space is used", () => {
    const [alone] = rowsOf([CALLS, ...one.slice(2), "--call-encoding", "aux-func"]);
    const [among] = rowsOf([CALLS, ...one.slice(2), "--call-encoding", "aux-func", "--others", "20"]);
    expect(among).toMatchObject({ runs: true, ram_bytes: alone?.ram_bytes, va_bytes: alone?.va_bytes });
    expect(among?.images).not.toEqual(alone?.images);
  });
  it.each([
    [["ranges"], /missing required argument/],
    [["ranges", "none.o"], /none\.o: no such file/],
    [["ranges", CALLS, "--layout", "hash4k-6.12,hash64-4.15"], /hash64-4\.15.*hash64k-4\.15/],
    [["ranges", CALLS, "--image-alloc", "module-alloc"], /module-alloc.*module_alloc/],
    [["ranges", CALLS, "--call-encoding", "imm64"], /imm64.*imm/],
    [["ranges", CALLS, "--jobs", "0"], /--jobs/],
    [["ranges", CALLS, "--others", "-1"], /--others/],
    [["ranges", CALLS, "--no-jit"], /--no-jit/],
    [["ranges", "-", "--data-in", "-"], /once only/],
    [[...one, "--svg", "-"], /standard input/],
    [[...one, "--image-alloc", "vmalloc_range:abc"], /vmalloc_range.*abc/],
    [["ranges", CALLS, "--cpu", "power8", "--layout", "radix4k-6.12"], /power8 has no radix/],
  ] as const)("%j: exit 2, one line", (args, line) => {
    const { status, stdout, stderr } = farcall(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
  it("a program that the verifier refuses, and a packet that is none: exit 1, as run has it", () => {
    const bad = farcall(["ranges", "-", "--json", "--type", "xdp"], "r0 = *(u64 *)(r1 + 100)\nexit\n");
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ error: { stage: "verify", errno: "EACCES" } });
    const short = farcall([...one, "--data-in", "/dev/null", "--json"]);
    expect(short.status).toBe(1);
    expect(JSON.parse(short.stdout)).toMatchObject({ error: { stage: "run", errno: "EINVAL" } });
  });
  it("Ctrl-C ends it at once with exit code 130", async () => {
    const child = spawn(process.execPath, ["dist/farcall.js", "ranges", CALLS, "--others", "1000"], {
      cwd: ROOT,
    });
    setTimeout(() => child.kill("SIGINT"), 5000); // it listens by then, and is at work for minutes
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(130);
  });
});
