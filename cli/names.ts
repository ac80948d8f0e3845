// Choosing among names on the command line: what exists, what is only planned, what was probably meant.
import { UsageError } from "./errors.ts";

/** The candidate with the fewest edits to `word`, or undefined where none resembles it. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of candidates) {
    const distance = name.startsWith(word) && word.length > 1 ? 1 : edits(word, name);
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  if (best === undefined) return undefined;
  return best.distance <= Math.max(2, Math.ceil(Math.max(word.length, best.name.length) / 2))
    ? best.name
    : undefined;
}

/** `KIND 'word' does not exist (did you mean …?)`, or with all names where none resembles it. */
export function unknownName(kind: string, word: string, candidates: readonly string[]): UsageError {
  const meant = nearest(word, candidates);
  const all = candidates.length === 0 ? "there is none" : `there are: ${candidates.join(", ")}`;
  const hint = meant === undefined ? all : `did you mean '${meant}'?`;
  return new UsageError(`${kind} '${word}' does not exist (${hint})`);
}

/** Reads a choice: one of `built`, an error that says so for one of `planned`, an error with the nearest for any other. */
export function choice<T extends string>(
  option: string,
  built: readonly T[],
  planned: readonly string[] = [],
): (value: string) => T {
  return (value) => {
    const found = built.find((name) => name === value);
    if (found !== undefined) return found;
    if (planned.includes(value)) throw notBuilt(`${option} ${value}`, built);
    throw unknownName(`${option}:`, value, [...built, ...planned]);
  };
}

/** The error for what the contract of the command line has and this version has not. */
export function notBuilt(what: string, instead: readonly string[] = []): UsageError {
  const rest = instead.length === 0 ? "" : ` (there is: ${instead.join(", ")})`;
  return new UsageError(`${what} is not built yet${rest}`);
}

/** Levenshtein's distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
