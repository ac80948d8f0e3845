// Before any test: dist/ is built from the sources as they are, declarations excepted, unless it is newer than all of them.
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildCommand, buildLibrary } from "../scripts/build.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = [
  "word",
  "cpu",
  "bpf",
  "jit",
  "kernel",
  "lab",
  "cli",
  "scripts/build.ts",
  "index.ts",
  "package.json",
];

function changed(path: string): number {
  const times = (files: readonly string[]): number =>
    Math.max(0, ...files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0));
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return times([path]);
  return times(readdirSync(path, { recursive: true, encoding: "utf8" }).map((file) => join(path, file)));
}

export async function setup(): Promise<void> {
  const outputs = ["farcall.js", "index.js"].map((file) => changed(join(ROOT, "dist", file)));
  if (Math.min(...outputs) > Math.max(...SOURCES.map((source) => changed(join(ROOT, source))))) return;
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  await Promise.all([buildCommand(), buildLibrary()]);
}
