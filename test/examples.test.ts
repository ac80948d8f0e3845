// The bundled examples: their objects are what clang makes of their sources, and they return what a real kernel returned.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { buildExamples, clangVersion } from "../scripts/build-examples.ts";
import { ENDIANS, examplePath, examples, kfuncExamples } from "../scripts/examples.ts";
import { describeWithOracle, oracle } from "./oracles.ts";

const clang = oracle("clang", "clang");
const strip = oracle("llvm-strip", "llvm");
const readelf = oracle("powerpc64le-linux-gnu-readelf", "binutils-powerpc64le-linux-gnu");

describeWithOracle("the objects of examples/", [clang, strip, readelf], () => {
  const directory = mkdtempSync(join(tmpdir(), "farcall-examples-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  const committedWith = readFileSync(examplePath("clang.txt"), "utf8").trim();

  it("are what clang makes of the sources: byte for byte with the same clang, else the same sections and symbols", () => {
    buildExamples(directory);
    const names = [...examples, ...kfuncExamples].flatMap(({ name }) =>
      ENDIANS.map((endian) => `${name}.${endian}.o`),
    );
    expect(readdirSync(directory).sort()).toEqual([...names].sort());
    for (const name of names) {
      const [built, committed] = [join(directory, name), examplePath(name)];
      if (clangVersion() === committedWith)
        expect(
          readFileSync(built).equals(readFileSync(committed)),
          `${name}: run scripts/build-examples.ts`,
        ).toBe(true);
      else expect(outline(built)).toEqual(outline(committed));
    }
  });

  /** Names of sections that are loaded, names and types of symbols: what a later clang leaves as it is. */
  function outline(file: string): readonly string[] {
    const text = readelf.run(["-W", "-S", "-s", file]).stdout.toString();
    const sections = [...text.matchAll(/\] (\S+) +(PROGBITS|NOBITS|REL) .* (AX|WA|A|I) /g)].map(
      (match) => `${match[1] ?? ""} ${match[3] ?? ""}`,
    );
    const symbols = [...text.matchAll(/(FUNC|OBJECT) +(LOCAL|GLOBAL).* (\S+)$/gm)].map(
      (match) => `${match[1] ?? ""} ${match[2] ?? ""} ${match[3] ?? ""}`,
    );
    return [...sections, ...symbols].sort();
  }
});
