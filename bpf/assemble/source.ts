// Source text of assembly to statements: comments, labels, separators and directives are recognized here.

/** One label, instruction or directive, with the number of its line from 1. */
export type SourceItem =
  | { readonly kind: "label"; readonly line: number; readonly name: string }
  | { readonly kind: "directive"; readonly line: number; readonly name: string; readonly rest: string }
  | { readonly kind: "insn"; readonly line: number; readonly text: string };

/** Splits text into items. `#`, `//` and block comments are dropped, `;` separates statements. */
export function readSource(text: string): readonly SourceItem[] {
  const items: SourceItem[] = [];
  const bare = text.replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, " "));
  bare.split("\n").forEach((full, index) => {
    const line = index + 1;
    for (const part of withoutComment(full).split(";")) {
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

// A `#` or `//` inside quotes belongs to the string, as in .section ".maps", "aw".
function withoutComment(line: string): string {
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (c === '"' && line[i - 1] !== "\\") quoted = !quoted;
    else if (!quoted && (c === "#" || line.startsWith("//", i))) return line.slice(0, i);
  }
  return line;
}
