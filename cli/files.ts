// Reading the files that a command line names, standard input included. Everything else about them is their readers'.
import { readFileSync, writeFileSync } from "node:fs";
import { UsageError } from "./errors.ts";

/** The bytes of `file`, or of standard input for `-`; UsageError when it cannot be read. */
export async function readInput(file: string): Promise<Uint8Array> {
  if (file === "-") {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return new Uint8Array(Buffer.concat(chunks));
  }
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new UsageError(`${file}: ${reason(error)}`, { cause: error });
  }
}

/** UsageError when it cannot be written. */
export function writeOutput(file: string, data: Uint8Array): void {
  try {
    writeFileSync(file, data);
  } catch (error) {
    throw new UsageError(`${file}: ${reason(error)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "no such file";
  if (code === "EISDIR") return "is a directory";
  if (code === "EACCES") return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
