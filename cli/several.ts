// Options that take one value elsewhere and several here. What a single value may be stays the option's own business.
import type { Command } from "commander";

/**
 * Lets an option be given more than once, or with commas; without it there is no value.
 * @param also values that are taken as they are
 * @param otherwise what stands for no value, in the help
 */
export function several(
  command: Command,
  long: string,
  also: readonly string[] = [],
  otherwise = "all",
): void {
  const option = command.options.find((candidate) => candidate.long === long);
  const parse = option?.parseArg;
  if (option === undefined || parse === undefined) throw new Error(`${long} is no option with a value`);
  option.argParser((text: string, before: readonly unknown[] | undefined) => {
    const values = text
      .split(",")
      .map((value): unknown => (also.includes(value) ? value : parse(value, undefined)));
    return [...new Set([...(before ?? []), ...values])];
  });
  option.default(undefined);
  option.description += `; repeatable, or with commas (default: ${otherwise})`;
  command.setOptionValue(option.attributeName(), undefined);
}
