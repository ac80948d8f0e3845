// Compiles cli/bench/kernels.c for ppc64 and for the host, and writes cli/bench/images.ts: code and expected checksums.
// Needs gcc-powerpc64le-linux-gnu, gcc-powerpc64-linux-gnu and gcc.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "prettier";
import { IMAGE_ADDRESS, kernels } from "../cli/bench/kernels.ts";

const SOURCE = "cli/bench/kernels.c";
const scratch = mkdtempSync(join(tmpdir(), "farcall-bench-"));
const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { encoding: "utf8" });

function image(prefix: string): string {
  const [elf, flat] = [join(scratch, `${prefix}elf`), join(scratch, `${prefix}bin`)];
  const flags =
    "-O2 -mcpu=power8 -mno-vsx -mno-altivec -mabi=elfv2 -ffreestanding -fno-pic -nostdlib -static";
  const script = join(scratch, "script.ld");
  writeFileSync(
    script,
    `ENTRY(_start) SECTIONS { . = ${IMAGE_ADDRESS}; .text : { *(.text.entry) *(.text*) }
     .rodata : { *(.rodata*) } .data : { *(.got .toc) *(.data*) } .bss : { *(.bss*) *(COMMON) }
     /DISCARD/ : { *(.eh_frame*) *(.comment) *(.gnu.attributes) } }`,
  );
  run(`${prefix}gcc`, ...flags.split(" "), "-Wl,--build-id=none", `-Wl,-T,${script}`, SOURCE, "-o", elf);
  run(`${prefix}objcopy`, "-O", "binary", elf, flat);
  return readFileSync(flat).toString("base64");
}

try {
  const host = join(scratch, "host");
  run("gcc", "-O2", `-DROUNDS={${kernels.map((kernel) => kernel.rounds).join()}}`, SOURCE, "-o", host);
  const expected = run(host).trim().split("\n");
  const text = `// Written by scripts/build-bench.ts from kernels.c: not to be edited.

    /** Flat images in base64, entry at the first byte. */
    export const images = { le: ${JSON.stringify(image("powerpc64le-linux-gnu-"))}, be: ${JSON.stringify(image("powerpc64-linux-gnu-"))} } as const;

    /** What each kernel returns for its rounds, computed on the host by the same source. */
    export const checksums: readonly string[] = ${JSON.stringify(expected.map((value) => `0x${value}`))};`;
  writeFileSync("cli/bench/images.ts", await format(text, { parser: "typescript", printWidth: 110 }));
} finally {
  rmSync(scratch, { recursive: true });
}
