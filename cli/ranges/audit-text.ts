// The audit for people: a table for each layout, what is broken by the number of a note that says why. Looks at nothing itself.
import type { AuditRow } from "../../lab/ranges/audit-place.ts";
import { paint, table } from "../output.ts";
import { nameOf, Notes } from "./notes.ts";

/** Lines to stand below the matrix. */
export function auditText(audits: readonly AuditRow[]): readonly string[] {
  const { bold } = paint();
  const notes = new Notes();
  const layouts = [...new Set(audits.map(({ layout }) => layout))];
  return [
    "",
    bold("What the kernel takes for granted, and what breaks"),
    ...layouts.flatMap((layout) => [
      "",
      bold(layout),
      ...section(
        audits.filter((row) => row.layout === layout),
        notes,
      ),
    ]),
    ...notes.lines(),
  ];
}

function section(audits: readonly AuditRow[], notes: Notes): readonly string[] {
  const { dim, green } = paint();
  const assumptions = [
    ...new Set(audits.flatMap(({ findings }) => findings.map(({ assumption }) => assumption))),
  ];
  const head = ["", ...audits.map(({ image_alloc }) => dim(nameOf(image_alloc)))];
  const rows = assumptions.map((assumption) => [
    assumption,
    ...audits.map((row) => {
      if (row.error !== null) return "–";
      const own = row.findings.filter((finding) => finding.assumption === assumption);
      if (own.length === 0) return "";
      return verdict(own, row.layout, notes) ?? green("holds");
    }),
  ]);
  const refused = audits.flatMap(({ image_alloc, error }) =>
    error === null ? [] : `– ${nameOf(image_alloc)}: ${error}`,
  );
  return [...table([head, ...rows]), ...refused].map((line) => `  ${line}`);
}

/** The numbers of the notes that say why it is broken; undefined where it is not. */
function verdict(findings: AuditRow["findings"], layout: string, notes: Notes): string | undefined {
  const { red } = paint();
  const broken = findings.filter((finding) => finding.broken);
  if (broken.length === 0) return undefined;
  const numbers = broken.map(({ why, access, strategy }) =>
    notes.number(why, `${why}. ${nameOf(strategy)} on ${layout}: ${access}`),
  );
  return `${red("breaks")} ${numbers.join(" ")}`;
}
