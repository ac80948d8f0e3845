// A verb of verbs, as `farcall prog`: it only chooses, and says in one line what there is when nothing fits.
import { Command } from "commander";
import { UsageError } from "./errors.ts";
import { unknownName } from "./names.ts";

/** The command `name` with these below it; `path` is what a user types before them. */
export function group(
  path: string,
  description: string,
  example: string,
  commands: readonly Command[],
): Command {
  const names = commands.map((command) => command.name());
  const own = new Command(path.split(" ").at(-1))
    .description(description)
    .argument("[verb]")
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", `\nExample:\n  farcall ${example}`)
    .action((verb: string | undefined) => {
      if (verb === undefined || verb.startsWith("-"))
        throw new UsageError(`${path}: no verb; there are: ${names.join(", ")}`);
      throw unknownName(`${path}: verb`, verb, names);
    });
  for (const command of commands) own.addCommand(command);
  return own;
}
