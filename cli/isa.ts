// `farcall isa`: the instruction table, one row an instruction. The rows are cpu/isa's.
import { Command } from "commander";
import { printJson, printLines, table } from "./output.ts";

export function isaCommand(): Command {
  return new Command("isa")
    .description("the instruction table")
    .option("--json", "one JSON document on standard output")
    .addHelpText("after", "\nExample:\n  farcall isa --json")
    .action(async ({ json }: { readonly json?: true }) => {
      const { isa } = await import("../cpu/isa/table.ts");
      const rows = isa.map(({ mnemonic, pattern, syntax, since }) => ({ mnemonic, syntax, pattern, since }));
      if (json === true) printJson(rows);
      else printLines(table(rows.map((row) => [row.mnemonic, row.syntax, row.pattern, row.since])));
    });
}
