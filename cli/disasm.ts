// `farcall disasm`: the executable sections of an ELF file, a flat file, or words on the command line, as objdump spells them.
import { Command } from "commander";
import { hex32, hex64, u64 } from "../word/long.ts";
import type { U64 } from "../word/long.ts";
import { executableSections, isElf } from "./elf-sections.ts";
import { UsageError } from "./errors.ts";
import { readInput } from "./files.ts";
import { address } from "./numbers.ts";
import { cpuOption, endianOption, valued } from "./options.ts";
import type { ByteOrder, Model } from "./options.ts";
import { printJson, printLines } from "./output.ts";
import { wordsOf } from "./words.ts";

interface Options {
  readonly hex?: readonly string[];
  readonly base: U64;
  readonly cpu: Model;
  readonly endian?: ByteOrder;
  readonly json?: true;
}
interface Block {
  readonly name: string | undefined;
  readonly address: U64;
  readonly words: readonly number[];
}

export function disasmCommand(): Command {
  return new Command("disasm")
    .description("disassemble ppc64 code")
    .argument("[file]", "ELF file or flat binary, - for standard input")
    .option("--hex <words...>", "word values in hex instead of a file")
    .addOption(
      valued("--base <address>", "address of the first word", address("--base")).default(u64(0), "0"),
    )
    .addOption(endianOption())
    .addOption(cpuOption())
    .option("--json", "one JSON document on standard output")
    .addHelpText("after", "\nExample:\n  farcall disasm --hex 7c642a14 4e800020")
    .action(async (file: string | undefined, options: Options) => {
      if ((file === undefined) === (options.hex === undefined))
        throw new UsageError("disasm: give either a file or --hex words");
      const blocks =
        file === undefined ? [hexBlock(options)] : fileBlocks(file, await readInput(file), options);
      const { disassemble } = await import("../cpu/isa/disassemble.ts");
      const lines = blocks.map(({ name, address: start, words }) => ({
        name,
        lines: words.map((word, i) => {
          const at = start.add(4 * i);
          return { address: hex64(at), word: hex32(word), text: disassemble(word, at, { cpu: options.cpu }) };
        }),
      }));
      if (options.json === true)
        printJson(lines.map((block) => ({ section: block.name ?? null, instructions: block.lines })));
      else
        printLines(
          lines.flatMap((block, i) => [
            ...(block.name === undefined ? [] : [...(i > 0 ? [""] : []), `${block.name}:`]),
            ...block.lines.map((line) => `${line.address.slice(2)}:\t${line.word.slice(2)}\t${line.text}`),
          ]),
        );
    });
}

function hexBlock(options: Options): Block {
  const words = (options.hex ?? [])
    .flatMap((argument) => argument.split(/[\s,]+/))
    .filter((text) => text !== "")
    .map((text) => {
      if (!/^(0x)?[0-9a-f]{1,8}$/i.test(text))
        throw new UsageError(`--hex: '${text}' is no 32-bit word in hex`);
      return parseInt(text, 16);
    });
  return { name: undefined, address: options.base, words };
}

function fileBlocks(file: string, bytes: Uint8Array, options: Options): readonly Block[] {
  if (!isElf(bytes)) {
    if (bytes.length % 4 !== 0)
      throw new UsageError(`${file}: ${bytes.length} bytes are no whole number of words, and no ELF file`);
    return [{ name: undefined, address: options.base, words: wordsOf(bytes, options.endian ?? "le") }];
  }
  const { endian, sections } = executableSections(file, bytes);
  if (options.endian !== undefined && options.endian !== endian)
    throw new UsageError(`${file} is ${endian}, --endian says ${options.endian}`);
  return sections.map((section) => ({
    name: sections.length > 1 ? section.name : undefined,
    address: section.address.add(options.base),
    words: wordsOf(section.bytes, endian),
  }));
}
