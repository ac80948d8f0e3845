// Source text of assembly to statements: comments, labels, separators and directives are recognized here.

/** One label, instruction or directive, with the number of its line from 1. */
export type SourceItem =
  | { readonly kind: "label"; readonly line: number; readonly name: string }
  | { readonly kind: "directive"; readonly line: number; readonly name: string; readonly rest: string }
  | { readonly kind: "insn"; readonly line: number; readonly text: string };

/** Splits text into items. `#`, `//` and block comments are dropped, `;` separates statements. */
export function readSource(text: string): readonly SourceItem[] {
  const items: SourceItem[] = [];
  const bare = withoutBlockComments(text);
  bare.split("\n").forEach((full, index) => {
    const line = index + 1;
    for (const part of statements(full)) {
      let rest = part.trim();
      for (;;) {
        const label = /^([A-Za-z_.$][\w.$]*|\d+)\s*:\s*/.exec(rest);
        if (label === null) break;
        items.push({ kind: "label", line, name: label[1] ?? "" });
        rest = rest.slice(label[0].length);
      }
      const directive = /^\.(\w+)\s*(.*)$/.exec(rest);
      if (directive !== null)
        items.push({ kind: "directive", line, name: directive[1] ?? "", rest: directive[2] ?? "" });
      else if (rest !== "") items.push({ kind: "insn", line, text: rest });
    }
  });
  return items;
}

// Blanks of the same length and the same line ends stand in their place.
function withoutBlockComments(text: string): string {
  const parts: string[] = [];
  let at = 0;
  for (let start = text.indexOf("/*"); start >= 0; start = text.indexOf("/*", at)) {
    const end = text.indexOf("*/", start + 2);
    const next = end < 0 ? text.length : end + 2;
    parts.push(text.slice(at, start), text.slice(start, next).replaceAll(/[^\n]/g, " "));
    at = next;
  }
  return [...parts, text.slice(at)].join("");
}

// A `;`, `#` or `//` inside quotes belongs to the string, as in .asciz "a;b".
function statements(line: string): readonly string[] {
  const parts: string[] = [];
  let [isQuoted, start] = [false, 0];
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (isQuoted) {
      if (c === "\\") i++;
      else if (c === '"') isQuoted = false;
    } else if (c === '"') isQuoted = true;
    else if (c === ";") {
      parts.push(line.slice(start, i));
      start = i + 1;
    } else if (c === "#" || line.startsWith("//", i)) return [...parts, line.slice(start, i)];
  }
  return [...parts, line.slice(start)];
}
