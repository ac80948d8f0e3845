// What the laboratory's drawings share: text, coordinates, colors for light and dark, the document around it all.
// Knows nothing of what is drawn.

/** A class with what it paints in which color, in light and in dark. */
export type Color = readonly [
  name: string,
  property: "fill" | "stroke",
  light: `#${string}`,
  dark: `#${string}`,
];

export interface TextPlace {
  /** Pixels. */
  readonly x: number;
  /** Pixels, of the base line. */
  readonly y: number;
  /** Classes. A text is in ink unless one of them names a color: faint, refused. */
  readonly kind?: string;
  /** What is shown when pointed at. */
  readonly title?: string;
}

/** A line of text. */
export function text({ x, y, kind, title }: TextPlace, content: string): string {
  const hint = title === undefined || title === content ? "" : titled(title);
  return `<text x="${px(x)}" y="${px(y)}"${colorOf(kind)}>${escaped(content)}${hint}</text>`;
}

/** What is shown when the element around it is pointed at. */
export const titled = (content: string): string => `<title>${escaped(content)}</title>`;

function colorOf(kind = ""): string {
  return ` class="${/faint|refused/.test(kind) ? kind : `ink ${kind}`.trimEnd()}"`;
}

/** Pixels, to a tenth. */
export const px = (value: number): string => String(Number(value.toFixed(1)));

/** As it stands in XML. */
export function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

export interface Drawing {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly colors: readonly Color[];
  /** More rules of style. */
  readonly rules: string;
  readonly parts: readonly string[];
}

/** The whole document; its colors are those of its reader's system. */
export function svgDocument({ width, height, label, colors, rules, parts }: Drawing): string {
  const painted = (color: 2 | 3): string =>
    colors.map((row) => `.${row[0]} { ${row[1]}: ${row[color]} }`).join(" ");
  const style = `
  ${painted(2)}
  @media (prefers-color-scheme: dark) { ${painted(3)} }
  text { font: 12px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif; }
  ${rules}`;
  const page = `<rect width="100%" height="100%" class="paper"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(label)}">\n<style>${style}\n</style>\n${[page, ...parts].join("\n")}\n</svg>\n`;
}
