// The cells of a matrix, and their measurements as rows: what only a comparison between cells can say is put in here.
import { BASELINE, isBaseline, type Axes } from "./axes.ts";
import type { Cell, Measurement, Row } from "./row.ts";

/** Every cell of these axes: by layout, in it by strategy, in it by encoding. */
export function cellsOf({ layouts, imageAllocs, callEncodings }: Axes): readonly Cell[] {
  return layouts.flatMap((layout) =>
    imageAllocs.flatMap((imageAlloc) =>
      callEncodings.map((callEncoding) => ({ layout, imageAlloc, callEncoding })),
    ),
  );
}

/** The cells that others are compared with, one for each layout: those among them, and new ones where they are not. */
export function baselinesOf(cells: readonly Cell[]): readonly Cell[] {
  const layouts = [...new Set(cells.map(({ layout }) => layout))];
  return layouts.map(
    (layout) => cells.find((cell) => cell.layout === layout && isBaseline(cell)) ?? { layout, ...BASELINE },
  );
}

/** The rows of these cells, in their order; one runs where it returned what the baseline of its layout did. */
export function rowsOf(measured: readonly Measurement[], compared: readonly Measurement[]): readonly Row[] {
  const expected = new Map(compared.map(({ row, returned }) => [row.layout, returned]));
  return measured.map(({ row, returned }) => ({
    ...row,
    runs: row.loads && returned !== null && returned === expected.get(row.layout),
  }));
}
