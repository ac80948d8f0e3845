// All figures of a table by name, for pages and for tests that none lacks its source.
// What a figure is used for is said where the table's fields are declared.
import type { Figure } from "./figure.ts";

/** A figure and where in its table it stands: `icache.ways`. */
export interface ListedFigure {
  readonly name: string;
  readonly figure: Figure;
}

/** The figures of a table and of the tables in it, in their order. What is no figure, such as a choice of words, is left out. */
export function listFigures(table: object, prefix = ""): readonly ListedFigure[] {
  return Object.entries(table).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value !== "object" || value === null || value instanceof RegExp) return [];
    const name = `${prefix}${key}`;
    return isFigure(value) ? [{ name, figure: value }] : listFigures(value, `${name}.`);
  });
}

function isFigure(value: object): value is Figure {
  return "source" in value || "unknown" in value;
}
