// The verbs of the contract that this version has not: each says so. Replaced one by one.
import { Command } from "commander";
import { notBuilt } from "./names.ts";

const VERBS: Readonly<Record<string, string>> = {
  verify: "the verifier's verdict on one program, and its log",
};

export function laterCommands(): readonly Command[] {
  return Object.entries(VERBS).map(([name, summary]) =>
    new Command(name)
      .description(`${summary} (not built yet)`)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw notBuilt(`farcall ${name}`);
      }),
  );
}
