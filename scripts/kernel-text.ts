// Assembles kernel/text/*.s into kernel/text/units.ts, which the library reads. `npm run kernel-text` writes the file.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packSources, TextSourceError, unitsModule } from "../kernel/text/assemble.ts";

const FOLDER = fileURLToPath(new URL("../kernel/text", import.meta.url));
export const UNITS_FILE = join(FOLDER, "units.ts");

/** The sources by file name, in alphabetical order. */
export function textSources(): ReadonlyMap<string, string> {
  const names = readdirSync(FOLDER)
    .filter((name) => name.endsWith(".s"))
    .sort();
  return new Map(names.map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]));
}

/** The text of kernel/text/units.ts, from the sources. */
export function kernelTextModule(): string {
  return unitsModule(packSources(textSources()));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    writeFileSync(UNITS_FILE, kernelTextModule());
  } catch (error) {
    if (!(error instanceof TextSourceError)) throw error;
    console.error(`kernel/text/${error.message}`);
    process.exitCode = 2;
  }
}
