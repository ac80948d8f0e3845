// What goes to standard output: one JSON document, or text with tables and color for people. Decides nothing else.

/** The one document of `--json`. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

export function printLines(lines: Iterable<string>): void {
  const text = printable([...lines].join("\n"));
  if (text !== "") process.stdout.write(`${text}\n`);
}

/** Names and source lines come out of files: nothing in them but tabs, line ends and colors controls the terminal. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]|\u001b(?!\[\d+m)/g,
    "\ufffd",
  );
}

/** Lower-case hex of bytes. */
export function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Rows with their columns aligned two spaces apart; columns in `right` (by index) are aligned to the right. */
export function table(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, visibleLength(cell))));
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const padding = " ".repeat((widths[i] ?? 0) - visibleLength(cell));
        return right.includes(i) ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd(),
  );
}

export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
  readonly cyan: (text: string) => string;
}

/** Colors on a terminal that wants them, nothing elsewhere. */
export function paint(stream: NodeJS.WriteStream = process.stdout): Paint {
  const wanted = stream.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";
  const with_ =
    (code: number) =>
    (text: string): string =>
      wanted ? `\u001b[${code}m${text}\u001b[0m` : text;
  return {
    bold: with_(1),
    dim: with_(2),
    red: with_(31),
    green: with_(32),
    yellow: with_(33),
    blue: with_(34),
    cyan: with_(36),
  };
}

/** Length in columns, colors left out. */
export function visibleLength(text: string): number {
  return text.replaceAll(/\u001b\[\d+m/g, "").length;
}
