// The audit of a strategy on a layout as a part of the report of ranges. What is looked at is lab/audit.ts's.
import { audit, type Finding } from "../audit.ts";
import { bootCell } from "./boot.ts";
import { layoutOf, type Experiment } from "./measure.ts";
import { isRefusal, reasonOf, refusing } from "./refusal.ts";
import type { Cell } from "./row.ts";

/** A layout and a strategy: what an audit is of. */
export type Place = Pick<Cell, "layout" | "imageAlloc">;

/** A member of `audit` as docs/cli.md has it. */
export interface AuditRow {
  readonly layout: string;
  readonly image_alloc: string;
  /** Why there is no audit. */
  readonly error: string | null;
  readonly findings: readonly Finding[];
}

/** Boots a kernel for it alone. @throws what `measure` throws */
export function auditPlace(experiment: Experiment, place: Place): AuditRow {
  const { imageAlloc, kernel } = bootCell(experiment.kernel, {
    ...place,
    layout: layoutOf(experiment, place),
  });
  const row = { layout: place.layout, image_alloc: imageAlloc };
  if (isRefusal(kernel)) return { ...row, error: reasonOf(kernel), findings: [] };
  const findings = refusing("boot", () => audit(kernel));
  if (isRefusal(findings)) return { ...row, error: reasonOf(findings), findings: [] };
  return { ...row, error: null, findings };
}

/** The places of cells, each once, in their order. */
export function placesOf(cells: readonly Cell[]): readonly Place[] {
  const places = new Map(
    cells.map(({ layout, imageAlloc }) => [`${layout} ${imageAlloc}`, { layout, imageAlloc }]),
  );
  return [...places.values()];
}
