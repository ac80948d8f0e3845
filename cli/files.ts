// Reading the files that a command line names, standard input included. Everything else about them is their readers'.
import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { UsageError } from "./errors.ts";

/** Largest input, in bytes: a device or a pipe may never end. */
const LARGEST = 256 * 1024 ** 2;
const CHUNK = 1024 ** 2;

/** The bytes of `file`, or of standard input for `-`; UsageError when it cannot be read or does not end. */
export async function readInput(file: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const add = (chunk: Uint8Array): void => {
    size += chunk.length;
    if (size > LARGEST) throw new UsageError(`${file}: more than ${LARGEST / 1024 ** 2}M`);
    chunks.push(chunk);
  };
  try {
    if (file === "-") for await (const chunk of process.stdin) add(chunk as Buffer);
    else readChunks(file, add);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file}: ${reason(error)}`, { cause: error });
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function readChunks(file: string, add: (chunk: Uint8Array) => void): void {
  const descriptor = openSync(file, "r");
  try {
    for (;;) {
      const chunk = new Uint8Array(CHUNK);
      const length = readSync(descriptor, chunk);
      if (length === 0) return;
      add(chunk.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** UsageError when it cannot be written. */
export function writeOutput(file: string, data: Uint8Array): void {
  if (file === "-") throw new UsageError("- is standard input, nothing to write to (/dev/stdout is)");
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
