// `farcall asm`: to come with the assembler.
import { Command } from "commander";
import { notBuilt } from "./names.ts";

export function asmCommand(): Command {
  return new Command("asm")
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw notBuilt("farcall asm");
    });
}
