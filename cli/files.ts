// Reading the files that a command line names, standard input included. Everything else about them is their readers'.
import { accessSync, closeSync, constants, openSync, readSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "./errors.ts";

/** Largest input, in bytes: a device or a pipe may never end. */
const LARGEST = 256 * 1024 ** 2;
const CHUNK = 1024 ** 2;
const STDIN = 0;

/** The bytes of `file`, or of standard input for `-`; UsageError when it cannot be read or does not end. */
export async function readInput(file: string): Promise<Uint8Array> {
  if (file !== "-") return readFile(file);
  const chunks = collector(file, LARGEST);
  try {
    for await (const chunk of process.stdin) chunks.add(chunk as Buffer);
  } catch (error) {
    throw unreadable(file, error);
  }
  return chunks.bytes();
}

/** The bytes of `file`, `-` is standard input; UsageError when it cannot be read or has more than `largest` bytes. */
export function readFile(file: string, largest = LARGEST): Uint8Array {
  const chunks = collector(file, largest);
  try {
    readChunks(file, chunks.add);
  } catch (error) {
    throw unreadable(file, error);
  }
  return chunks.bytes();
}

function collector(
  file: string,
  largest: number,
): { readonly add: (chunk: Uint8Array) => void; readonly bytes: () => Uint8Array } {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    add: (chunk) => {
      size += chunk.length;
      if (size > largest) throw new UsageError(`${file}: more than ${largest / 1024 ** 2}M`);
      chunks.push(chunk);
    },
    bytes: () => new Uint8Array(Buffer.concat(chunks)),
  };
}

function unreadable(file: string, error: unknown): UsageError {
  return error instanceof UsageError ? error : new UsageError(`${file}: ${reason(error)}`, { cause: error });
}

function readChunks(file: string, add: (chunk: Uint8Array) => void): void {
  const isStdin = file === "-";
  const descriptor = isStdin ? STDIN : openSync(file, "r");
  try {
    for (;;) {
      const chunk = new Uint8Array(CHUNK);
      const length = readSync(descriptor, chunk);
      if (length === 0) return;
      add(chunk.subarray(0, length));
    }
  } finally {
    if (!isStdin) closeSync(descriptor);
  }
}

/** UsageError for a place that output cannot have: to be asked before long work. Nothing is made there. */
export function checkOutput(file: string): void {
  notStdin(file);
  const there = statSync(file, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) throw new UsageError(`${file}: is a directory`);
  try {
    accessSync(there === undefined ? dirname(file) : file, constants.W_OK);
  } catch (error) {
    throw new UsageError(`${file}: ${reason(error)}`, { cause: error });
  }
}

/** UsageError when it cannot be written. */
export function writeOutput(file: string, data: Uint8Array): void {
  notStdin(file);
  try {
    writeFileSync(file, data);
  } catch (error) {
    throw new UsageError(`${file}: ${reason(error)}`, { cause: error });
  }
}

function notStdin(file: string): void {
  if (file === "-") throw new UsageError("- is standard input, nothing to write to (/dev/stdout is)");
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "no such file";
  if (code === "EISDIR") return "is a directory";
  if (code === "EACCES") return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
