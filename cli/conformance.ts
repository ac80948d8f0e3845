// `farcall conformance`: the plugin protocol of the bpf_conformance project: a program in hex on standard input, its r0 on output.
import { Command } from "commander";
import { UsageError } from "./errors.ts";
import { readInput } from "./files.ts";
import { bpfOptions } from "./options.ts";
import type { BpfOptions } from "./options.ts";

interface Options extends BpfOptions {
  readonly elf?: true;
}

export function conformanceCommand(): Command {
  const command = new Command("conformance")
    .description("run a program as bpf_conformance's runner asks a plugin to")
    .argument("[mem_hex]", "memory that r1 points at, in hex; its length is in r2")
    .option("--elf", "standard input is an ELF object in hex, the program is main in .text");
  return bpfOptions(command)
    .addHelpText(
      "after",
      "\nExample:\n  echo 'b7 00 00 00 2a 00 00 00 95 00 00 00 00 00 00 00' | farcall conformance",
    )
    .action(async (memory: string | undefined, options: Options) => {
      const program = fromHex("standard input", new TextDecoder().decode(await readInput("-")));
      const { runPlugin } = await import("./conformance-run.ts");
      const r0 = runPlugin(program, fromHex("mem_hex", memory ?? ""), options);
      process.stdout.write(`${r0.toString(16)}\n`);
    });
}

/** Bytes of hex digits; white space between them and 0x before them do not count. */
function fromHex(what: string, text: string): Uint8Array {
  const digits = text.replaceAll(/\s+|0x/gi, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new UsageError(`${what} is not hex`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
