// Compiles the C sources of examples/ for both byte orders with clang and strips them to what a loader reads.
// `tsx scripts/build-examples.ts [DIRECTORY]`; without a directory the committed objects are replaced.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENDIANS, examplePath, examples, kfuncExamples } from "./examples.ts";

/** Writes NAME.el.o and NAME.eb.o of every example into `directory`; throws when clang or llvm-strip fails. */
export function buildExamples(directory: string): void {
  const cwd = dirname(examplePath("bpf.h"));
  for (const { name, mcpu } of [...examples, ...kfuncExamples])
    for (const endian of ENDIANS) {
      const object = join(directory, `${name}.${endian}.o`);
      const flags = `-target bpf${endian} -mcpu=${mcpu} -O2 -g -Wall -Werror -Wno-unused-variable -fdebug-compilation-dir=.`;
      execFileSync("clang", [...flags.split(" "), "-c", `${name}.c`, "-o", object], {
        cwd,
        stdio: "inherit",
      });
      execFileSync("llvm-strip", ["-g", object], { stdio: "inherit" });
    }
}

/** `clang --version`, first line: the same compiler makes the same bytes. */
export function clangVersion(): string {
  return execFileSync("clang", ["--version"], { encoding: "utf8" }).split("\n")[0] ?? "";
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = process.argv[2] ?? dirname(examplePath("bpf.h"));
  buildExamples(directory);
  writeFileSync(join(directory, "clang.txt"), `${clangVersion()}\n`);
}
