// `farcall disasm`: the executable sections of an ELF file, a flat file, or words on the command line, as objdump spells them.
import { Command } from "commander";
import { hex32, hex64, u64 } from "../word/long.ts";
import type { U64 } from "../word/long.ts";
import type { Disassembled } from "../cpu/isa/disassemble-all.ts";
import { executableSections, isElf } from "./elf-sections.ts";
import { UsageError } from "./errors.ts";
import { readInput } from "./files.ts";
import { address } from "./numbers.ts";
import { cpuOption, endianOption, valued } from "./options.ts";
import type { ByteOrder, Model } from "./options.ts";
import { printLines } from "./output.ts";
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
      const { disassembleAll } = await import("../cpu/isa/disassemble-all.ts");
      const instructions: Instructions = ({ words, address: at }) =>
        disassembleAll(words, at, { cpu: options.cpu });
      if (options.json === true) printBlocksJson(blocks, instructions);
      else printBlocks(blocks, instructions);
    });
}

/** Instructions that are printed at once: a large file becomes more text than one string holds. */
const BATCH = 0x4000;

/** A block's, in order, made as they are printed. */
type Instructions = (block: Block) => Iterable<Disassembled>;

/** Lists of up to BATCH of them. */
function* batches<T>(all: Iterable<T>): Generator<readonly T[], void> {
  let batch: T[] = [];
  for (const one of all) {
    batch.push(one);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function printBlocks(blocks: readonly Block[], instructions: Instructions): void {
  blocks.forEach((block, i) => {
    if (block.name !== undefined) printLines([...(i > 0 ? [""] : []), `${block.name}:`]);
    for (const batch of batches(instructions(block)))
      printLines(
        batch.map(({ address: at, words, text }) => {
          const bare = words.map((word) => hex32(word).slice(2));
          return `${hex64(at).slice(2)}:\t${bare.join(" ")}\t${text}`;
        }),
      );
  });
}

/** One document: a list of sections, each with its instructions. */
function printBlocksJson(blocks: readonly Block[], instructions: Instructions): void {
  const write = (piece: string): void => void process.stdout.write(piece);
  write("[");
  blocks.forEach((block, i) => {
    write(`${i > 0 ? "," : ""}{"section":${JSON.stringify(block.name ?? null)},"instructions":[`);
    let separator = "";
    for (const batch of batches(instructions(block))) {
      const rows = batch.map(({ address: at, words: [word, suffix], text }) => {
        const words = { word: hex32(word), ...(suffix === undefined ? {} : { suffix: hex32(suffix) }) };
        return JSON.stringify({ address: hex64(at), ...words, text });
      });
      write(`${separator}${rows.join(",")}`);
      separator = ",";
    }
    write("]}");
  });
  write("]\n");
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
