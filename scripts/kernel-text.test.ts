// The words of kernel text: those of the generated module against the sources, and against GNU as and ld.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assembleUnit, UNIT_TOC } from "../kernel/text/assemble.ts";
import { textSymbols, type TextMachine } from "../kernel/text/offsets.ts";
import { machineName, textMachines } from "../kernel/text/unit.ts";
import { describeWithOracle, oracle, type Oracle } from "../test/oracles.ts";
import { hex32 } from "../word/long.ts";
import { kernelTextModule, textSources, UNITS_FILE } from "./kernel-text.ts";

const sources = textSources();

describe("kernel/text/units.ts", () => {
  it("is what the sources assemble to (npm run kernel-text)", () => {
    expect(readFileSync(UNITS_FILE, "utf8")).toBe(kernelTextModule());
  });

  it("says which line of which source cannot be assembled", () => {
    const machine = { endian: "le", abi: "elfv2" } as const;
    expect(() => assembleUnit("x.s", "nop\nfrobnicate", machine)).toThrow(
      "x.s: line 2: no instruction frobnicate",
    );
  });
});

interface Tools {
  readonly as: Oracle;
  readonly ld: Oracle;
  readonly objcopy: Oracle;
  readonly nm: Oracle;
}

function tools(prefix: string): Tools {
  const tool = (name: string): Oracle => oracle(`${prefix}-${name}`, `binutils-${prefix}`);
  return { as: tool("as"), ld: tool("ld"), objcopy: tool("objcopy"), nm: tool("nm") };
}
const binutils = { le: tools("powerpc64le-linux-gnu"), be: tools("powerpc64-linux-gnu") };

/**
 * .TOC., which is 0x8000 behind .got, as far from .text as assembleUnit has it. Both where no 32 bits reach: below, ld makes
 * other words of what sets r2.
 */
const LINKER_SCRIPT = `SECTIONS {
  . = 0xc000000000000000; .text : { *(.text) }
  . = 0xc000000000000000 + ${UNIT_TOC - 0x8000}; .got : { QUAD(0) *(.got) }
  /DISCARD/ : { *(.comment) *(.gnu.attributes) }
}`;

function ok(tool: Oracle, args: readonly string[]): string {
  const { status, stderr, stdout } = tool.run(args);
  if (status !== 0) throw new Error(`${tool.command}: ${stderr}`);
  return stdout.toString("utf8");
}

/** Words of .text in hex, and sizes of symbols by name, as GNU as and ld make them. */
function gnuUnit(
  text: string,
  machine: TextMachine,
): { readonly words: string[]; readonly sizes: Map<string, number> } {
  const { as, ld, objcopy, nm } = binutils[machine.endian];
  const folder = mkdtempSync(join(tmpdir(), "farcall-text-"));
  const path = (name: string): string => join(folder, name);
  try {
    writeFileSync(path("a.s"), text);
    writeFileSync(path("a.ld"), LINKER_SCRIPT);
    const given = [...textSymbols(machine)].flatMap(([name, value]) => [
      "--defsym",
      `${name}=${value.toString()}`,
    ]);
    ok(as, ["-mpower9", "-mregnames", "-a64", ...given, "-o", path("a.o"), path("a.s")]);
    ok(ld, ["-T", path("a.ld"), "-o", path("a.out"), path("a.o")]);
    ok(objcopy, ["-O", "binary", "-j", ".text", path("a.out"), path("a.bin")]);
    const bytes = readFileSync(path("a.bin"));
    const words = Array.from({ length: bytes.length / 4 }, (_, i) =>
      machine.endian === "le" ? bytes.readUInt32LE(4 * i) : bytes.readUInt32BE(4 * i),
    );
    const symbols = ok(nm, ["-S", "--defined-only", path("a.out")]).matchAll(
      /^\w{16} (\w{16}) [tT] ((?!__ksymtab_)\w+)$/gm,
    );
    const sizes = [...symbols].map(([, size = "", name = ""]) => [name, parseInt(size, 16)] as const);
    return { words: words.map(hex32), sizes: new Map(sizes) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const all = Object.values(binutils).flatMap((set) => Object.values(set) as Oracle[]);
describeWithOracle("GNU as", all, () => {
  const cases = [...sources].flatMap(([source, text]) =>
    textMachines.map((machine) => ({ source, text, machine })),
  );
  it.each(cases.map((one) => [one.source, machineName(one.machine), one] as const))(
    "makes the same of %s for %s",
    (source, _, { text, machine }) => {
      const { words, symbols } = assembleUnit(source, text, machine);
      const gnu = gnuUnit(text, machine);
      expect(words.map(hex32)).toEqual(gnu.words);
      expect(new Map(symbols.map(({ name, size }) => [name, size]))).toEqual(gnu.sizes);
    },
  );
});
