// A layout as the command line names it: one of the table, or a JSON file. What a layout may be is kernel/layout's.
import { KernelUsageError } from "../kernel/error.ts";
import { parseLayout } from "../kernel/layout/json.ts";
import type { Layout } from "../kernel/layout/layout.ts";
import { layoutNamed, layouts } from "../kernel/layout/table.ts";
import { UsageError } from "./errors.ts";
import { readFile } from "./files.ts";
import { unknownName } from "./names.ts";

/** Largest file that is read, in bytes. */
const LARGEST = 1024 ** 2;

/**
 * The layout of a name, or of a file where the text has a `/`, ends in `.json` or is `-`.
 * @param kind what an error calls it: `--layout:`
 * @throws UsageError
 */
export function layoutArgument(kind: string): (text: string) => Layout {
  return (text) => {
    if (text === "-" || text.includes("/") || text.endsWith(".json")) return layoutFile(text);
    const layout = layoutNamed(text);
    if (layout !== undefined) return layout;
    throw unknownName(
      kind,
      text,
      layouts.map(({ name }) => name),
    );
  };
}

function layoutFile(file: string): Layout {
  const text = new TextDecoder().decode(readFile(file, LARGEST));
  try {
    return parseLayout(text);
  } catch (error) {
    if (error instanceof KernelUsageError)
      throw new UsageError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}
