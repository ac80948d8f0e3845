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
