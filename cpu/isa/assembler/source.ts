// The text of an assembly source before it has any meaning: comments, statements between semicolons, labels, strings in quotes.
// What a statement says is ../assemble.ts's.

/** Text that cannot be assembled: the message begins with `line N: `. */
export class AssembleError extends Error {
  override readonly name = "AssembleError";
  /** From 1 on. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

/** The byte of what stands behind a backslash; undefined for an ordinary character. */
function escapedByte(what: string): number | undefined {
  if (/^[0-7]/.test(what)) return parseInt(what, 8) & 0xff;
  if (/^x[0-9a-f]/i.test(what)) return parseInt(what.slice(1), 16) & 0xff;
  return escapes[what]?.charCodeAt(0);
}

/** The bytes of a string in quotes, with C's escapes; undefined where it is none. */
export function stringBytes(text: string): Uint8Array | undefined {
  const [, body] = /^"((?:[^"\\]|\\.)*)"$/s.exec(text) ?? [];
  if (body === undefined) return undefined;
  const encoder = new TextEncoder();
  const pieces = body.matchAll(/\\([0-7]{1,3}|x[0-9a-f]+|.)|[^\\]+/gis);
  return Uint8Array.from(
    [...pieces].flatMap(([plain, escaped]) => {
      const byte = escaped === undefined ? undefined : escapedByte(escaped);
      return byte === undefined ? [...encoder.encode(escaped ?? plain)] : [byte];
    }),
  );
}

/** Where the string ends that a quote at `start` begins: behind its closing quote, or at the end of the line without one. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
    else if (text[at] === "\n") return at;
  }
  return text.length;
}

const lineOf = (text: string, at: number): number => text.slice(0, at).split("\n").length;

/** Blanks for comments; lines stay where they are. */
export function withoutComments(text: string): string {
  const pieces: string[] = [];
  const starts = /"|\/\*|#|\/\//g;
  let from = 0;
  for (let found = starts.exec(text); found !== null; found = starts.exec(text)) {
    const at = found.index;
    if (found[0] === '"') {
      starts.lastIndex = endOfString(text, at);
      continue;
    }
    const isBlock = found[0] === "/*";
    const end = text.indexOf(isBlock ? "*/" : "\n", at + found[0].length);
    if (end < 0 && isBlock) throw new AssembleError(lineOf(text, at), "a comment is not closed");
    pieces.push(text.slice(from, at), isBlock ? text.slice(at, end).replace(/[^\n]/g, " ") : "");
    from = end < 0 ? text.length : isBlock ? end + 2 : end;
    starts.lastIndex = from;
  }
  return pieces.join("") + text.slice(from);
}

/** Statements between semicolons that are outside quotes. */
export function statementsOf(text: string): string[] {
  const statements: string[] = [];
  const marks = /[";]/g;
  let from = 0;
  for (let found = marks.exec(text); found !== null; found = marks.exec(text)) {
    if (found[0] === '"') marks.lastIndex = endOfString(text, found.index);
    else {
      statements.push(text.slice(from, found.index));
      from = found.index + 1;
    }
  }
  return [...statements, text.slice(from)];
}

/** The labels at the start of a statement, and the rest of it. */
export function splitLabels(whole: string): { readonly labels: readonly string[]; readonly text: string } {
  const pattern = /\s*([A-Za-z_.$][\w.$]*|\d+):/y;
  const labels: string[] = [];
  let from = 0;
  for (let label = pattern.exec(whole); label !== null; label = pattern.exec(whole)) {
    labels.push(label[1] ?? "");
    from = pattern.lastIndex;
  }
  return { labels, text: whole.slice(from).trim() };
}
