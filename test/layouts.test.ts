// Layouts on the command line: files of the user's own, what is drawn, what is refused. What a layout may be is kernel/layout's.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { farcall, farcallJson } from "./farcall.ts";

const scratch = mkdtempSync(join(tmpdir(), "farcall-layouts-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const file = (name: string, content: string): string => {
  writeFileSync(join(scratch, name), content);
  return join(scratch, name);
};
const PAGE = readFileSync(fileURLToPath(new URL("../docs/layouts.md", import.meta.url)), "utf8");
const example = /```json\n(.*?)```/s.exec(PAGE)?.[1] ?? "";

describe("a layout of the user's own", () => {
  it("the example of docs/layouts.md boots; its images are at the start of its vmalloc region", () => {
    const layout = file("example.json", example);
    const run = farcallJson(["run", "examples/calls.el.o", "--layout", layout]) as {
      readonly layout: string;
      readonly functions: readonly { readonly address: string }[];
    };
    expect(run.layout).toBe("hash64k-4.15-within-48-bits");
    for (const { address } of run.functions) expect(address).toMatch(/^0xc000400000/);
  });
  it("one that cannot be is refused in one line: the file and the member", () => {
    const refused = (content: string): string => {
      const name = file("bad.json", content);
      const { status, stdout, stderr } = farcall(["run", "examples/calls.el.o", "--layout", name]);
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/^farcall: [^\n]*\n$/);
      return stderr.replace(name, "FILE");
    };
    expect(refused(example.replace("0xc000400000000000", "0xc000410000000000"))).toBe(
      "farcall: FILE: region vmalloc: start 0xc000400000000000 is inside linear map, which ends at 0xc000410000000000\n",
    );
    expect(refused(example.replace('"hash"', '"radix"'))).toMatch(
      /^farcall: FILE: a layout: no member "context_bits"/,
    );
    expect(refused("")).toMatch(/^farcall: FILE: not JSON/);
    expect(farcall(["run", "examples/calls.el.o", "--layout", "./none.json"])).toMatchObject({
      status: 2,
      stderr: "farcall: ./none.json: no such file\n",
    });
    expect(farcall(["run", "examples/calls.el.o", "--layout", "/dev/zero"])).toMatchObject({
      status: 2,
      stderr: "farcall: /dev/zero: more than 1M\n",
    });
  });
  it("ranges has it beside the built-in ones: 48 bits reach it, and nothing of 4.15's own", () => {
    const layout = file("example.json", example);
    const wanted = [
      "--layout",
      `${layout},hash64k-4.15`,
      "--image-alloc",
      "module_alloc",
      "--call-encoding",
      "imm48",
    ];
    const { rows } = farcallJson(["ranges", "examples/calls.el.o", ...wanted]) as {
      readonly rows: readonly unknown[];
    };
    expect(rows).toMatchObject([
      { layout: "hash64k-4.15-within-48-bits", loads: true, signed_bits: 47 },
      { layout: "hash64k-4.15", loads: false, signed_bits: 61 },
    ]);
    const same = file("same.json", example.replace("-within-48-bits", ""));
    expect(farcall(["ranges", "examples/calls.el.o", "--layout", `${same},hash64k-4.15`])).toMatchObject({
      status: 2,
      stderr: "farcall: --layout: two layouts are named hash64k-4.15\n",
    });
  });
});

interface Printed {
  readonly name: string;
  readonly regions: readonly {
    readonly name: string;
    readonly start: string;
    readonly end: string;
    readonly size: string;
  }[];
  readonly reach: Readonly<Record<string, unknown>>;
  readonly contents?: readonly {
    readonly name: string;
    readonly start: string;
    readonly end: string;
    readonly marks: readonly { readonly name: string; readonly address: string }[];
  }[];
}

describe("farcall layouts", () => {
  it("what --json prints of one layout is a file that --layout takes, with program and without", () => {
    for (const more of [[], ["--with", "examples/calls.el.o"]])
      for (const name of ["hash4k-6.12", "radix64k-4.15"]) {
        const own = file("own.json", JSON.stringify(farcallJson(["layouts", name, ...more])));
        const run = (layout: string): unknown => {
          const { functions, retval } = farcallJson([
            "run",
            "examples/calls.el.o",
            "--layout",
            layout,
          ]) as Record<string, unknown>;
          return { functions, retval };
        };
        expect(run(own)).toEqual(run(name));
        expect(farcall(["layouts", own]).stdout).toBe(farcall(["layouts", name]).stdout);
      }
  });
  it("shows RAM with its holes, tables, stack and paca of a booted kernel, and the images where run has them", () => {
    const options = ["--ram-map", "0-128M,1G-1152M@1"];
    const { contents = [] } = farcallJson([
      "layouts",
      "hash64k-4.15",
      "--with",
      "examples/calls.el.o",
      ...options,
    ]) as Printed;
    const { functions } = farcallJson(["run", "examples/calls.el.o", ...options]) as {
      readonly functions: readonly { readonly name: string; readonly address: string }[];
    };
    expect(contents.map(({ name, start, end }) => `${name} ${start} ${end}`).slice(0, 6)).toEqual([
      "kernel text 0xc000000000000000 0xc000000000dd0000",
      "read-only data 0xc000000000dd0000 0xc000000001000000",
      "kernel data 0xc000000001000000 0xc000000002000000",
      "RAM, node 0 0xc000000002000000 0xc000000008000000",
      "hole 0xc000000008000000 0xc000000040000000",
      "RAM, node 1 0xc000000040000000 0xc000000047fc0000",
    ]);
    const marks = contents.flatMap((content) => content.marks);
    expect(marks).toEqual(
      expect.arrayContaining(
        functions.map(({ name, address }) => expect.objectContaining({ name, address }) as unknown),
      ),
    );
    for (const name of ["__bpf_call_base", "TOC base", "paca", "kernel stack"])
      expect(marks.filter((mark) => mark.name === name)).toHaveLength(1);
    expect(contents.filter(({ name }) => name === "hash table")).toHaveLength(1);
  });
  it("a module's sections are shown where they were loaded, either byte order", () => {
    for (const order of ["le", "be"]) {
      const wanted = ["layouts", "hash64k-4.15", "--with", `examples/modules/arithmetic.${order}.o`];
      const { contents = [] } = farcallJson(wanted) as Printed;
      const area = contents.find(({ marks }) => marks.some(({ name }) => name === ".text"));
      expect(area?.start).toMatch(/^0xd0000000000/);
    }
    const contradicted = [
      "layouts",
      "hash64k-4.15",
      "--endian",
      "be",
      "--with",
      "examples/modules/arithmetic.le.o",
    ];
    expect(farcall(contradicted)).toMatchObject({ status: 2, stdout: "" });
  });
  it("images beyond RAM are shown too", () => {
    const wanted = [
      "layouts",
      "hash64k-4.15",
      "--with",
      "examples/calls.el.o",
      "--image-alloc",
      "linear-end",
    ];
    expect(farcall(wanted).stdout).toMatch(/│ +calls +│ +68 {2}JITed code/);
  });
  it("every layout has its reach; off+imm holds the distance on one only", () => {
    const all = farcallJson(["layouts"]) as readonly Printed[];
    expect(
      all.map(({ name, reach }) => [name, reach["fewest_bits"], reach["most_bits"], reach["imm48"]]),
    ).toEqual([
      ["hash64k-4.15", 61, 62, "none"],
      ["hash4k-4.15", 61, 62, "none"],
      ["radix64k-4.15", 52, 53, "none"],
      ["radix4k-4.15", 52, 53, "none"],
      ["hash64k-6.12", 52, 53, "none"],
      ["hash4k-6.12", 47, 47, "all"],
      ["radix64k-6.12", 52, 53, "none"],
      ["radix4k-6.12", 52, 53, "none"],
    ]);
  });
  it("and docs/layouts.md has the same figures", () => {
    const rows = [...PAGE.matchAll(/^\| `([\w.-]+)` .*$/gm)].map(([line, name]) => ({
      name,
      cells: line.split("|").map((cell) => cell.trim()),
    }));
    const all = farcallJson(["layouts"]) as readonly Printed[];
    expect(
      all.map(({ name, reach, regions }) => {
        const { cells = [] } = rows.find((row) => row.name === name) ?? {};
        const [, , , vmalloc = "", , , bits, in32, in48] = cells;
        const region = regions.find((one) => one.name === "vmalloc");
        const shown = `${region?.start.slice(2).match(/.{4}/g)?.join("_") ?? ""}, ${region?.size ?? ""}`;
        return [
          name,
          vmalloc === "the same" || vmalloc === `0x${shown}`,
          bits,
          in32 === reach["imm32"],
          in48 === reach["imm48"],
        ];
      }),
    ).toEqual(
      all.map(({ name, reach: { fewest_bits: fewest, most_bits: most } }) => [
        name,
        true,
        fewest === most ? String(most) : `${String(fewest)} to ${String(most)}`,
        true,
        true,
      ]),
    );
  });
  it("--arch answers whether another machine has the need", () => {
    const needs = (arch: string): unknown =>
      (
        farcallJson(["layouts", "--arch", arch]) as { readonly rows: readonly Record<string, unknown>[] }
      ).rows.map(({ linux, most_bits, same_need }) => [linux, most_bits, same_need]);
    expect(needs("s390x")).toEqual([
      ["4.15", 43, true],
      ["4.15", 54, true],
      ["6.12", 33, true],
    ]);
    expect(needs("x86_64")).toEqual([
      ["4.15", 32, false],
      ["6.12", 32, false],
      ["4.15", 32, false],
      ["6.12", 32, false],
    ]);
    expect(farcall(["layouts", "--arch", "s390"])).toMatchObject({
      status: 2,
      stderr: "farcall: --arch: 's390' does not exist (did you mean 's390x'?)\n",
    });
    for (const more of [["hash64k-4.15"], ["--svg", "x.svg"], ["--ram", "128M"]])
      expect(farcall(["layouts", ...more, "--arch", "s390x"])).toMatchObject({ status: 2, stdout: "" });
  });
  it("--cpu power8 has the layouts with the hash MMU", () => {
    const all = farcallJson(["layouts", "--cpu", "power8"]) as readonly Printed[];
    expect(all.map(({ name, contents }) => [name.slice(0, 4), contents === undefined])).toEqual(
      Array.from({ length: 4 }, () => ["hash", false]),
    );
    expect(farcall(["layouts", "radix64k-6.12", "--cpu", "power8"])).toMatchObject({ status: 2, stdout: "" });
  });
  it("in the picture no two texts of a line meet, whatever is in the kernel", () => {
    const picture = join(scratch, "picture.svg");
    for (const args of [[], ["hash64k-4.15", "--with", "examples/calls.el.o"], ["--ram", "128M"]]) {
      expect(farcall(["layouts", ...args, "--svg", picture])).toMatchObject({ status: 0, stdout: "" });
      const svg = readFileSync(picture, "utf8").replaceAll(/<title>.*?<\/title>/g, "");
      for (const group of svg.split("<g ")) {
        const ends = new Map<number, number>();
        for (const [, attributes = "", text = ""] of group.matchAll(/<text ([^>]*)>([^<]*)<\/text>/g)) {
          const number = (name: string): number =>
            Number(new RegExp(`\\b${name}="([\\d.]+)"`).exec(attributes)?.[1]);
          const width =
            text.length * (attributes.includes("address") ? 7.3 : attributes.includes("note") ? 6.1 : 6.6);
          const [x, y] = [number("x"), number("y")];
          const [from, to] = attributes.includes("end") ? [x - width, x] : [x, x + width];
          expect([group.slice(0, 40), text, from >= (ends.get(y) ?? 0), to <= 435]).toEqual([
            group.slice(0, 40),
            text,
            true,
            true,
          ]);
          ends.set(y, to);
        }
      }
    }
  });
});
