// `farcall asm`: GNU-spelled ppc64 text to words. The assembler itself is cpu/isa's.
import { Command } from "commander";
import { hex32, hex64, u64 } from "../word/long.ts";
import type { U64 } from "../word/long.ts";
import { readInput, writeOutput } from "./files.ts";
import { address } from "./numbers.ts";
import { cpuOption, endianOption, valued } from "./options.ts";
import type { ByteOrder, Model } from "./options.ts";
import { printJson, printLines } from "./output.ts";
import { flatBytes } from "./words.ts";

interface Options {
  readonly base: U64;
  readonly cpu: Model;
  readonly endian?: ByteOrder;
  readonly output?: string;
  readonly json?: true;
}

export function asmCommand(): Command {
  return new Command("asm")
    .description("assemble GNU-spelled ppc64 text")
    .argument("<file>", "assembly text, - for standard input")
    .addOption(
      valued("--base <address>", "address of the first word", address("--base")).default(u64(0), "0"),
    )
    .addOption(endianOption().default("le"))
    .addOption(cpuOption())
    .option("-o, --output <file>", "write a flat binary in --endian order")
    .option("--json", "one JSON document on standard output")
    .addHelpText("after", "\nExample:\n  echo 'add 3, 4, 5' | farcall asm -")
    .action(async (file: string, options: Options) => {
      const text = new TextDecoder().decode(await readInput(file));
      const { assemble } = await import("../cpu/isa/assemble.ts");
      const { base, cpu, endian = "le" } = options;
      const { words, symbols } = assemble(text, { base, cpu, endian });
      if (options.output !== undefined) writeOutput(options.output, flatBytes(words, endian));
      const rows = words.map((word, i) => ({ address: hex64(base.add(4 * i)), word: hex32(word) }));
      if (options.json === true)
        printJson({
          words: rows,
          symbols: Object.fromEntries([...symbols].map(([name, value]) => [name, hex64(value)])),
        });
      else if (options.output === undefined)
        printLines(rows.map((row) => `${row.address.slice(2)}: ${row.word.slice(2)}`));
    });
}
