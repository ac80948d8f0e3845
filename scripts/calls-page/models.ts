// What is known of the timing models: how many published measurements they give, and every figure that nobody published.
import { cpuTimings } from "../../cpu/timing/cpu-timings.ts";
import type { Figure } from "../../cpu/timing/figure.ts";
import { measuredPower9, TOLERANCE } from "../../cpu/timing/measured/power9.ts";
import { TimingModel } from "../../cpu/timing/model.ts";
import { cpuModels } from "../../cpu/isa/row.ts";
import { markdown } from "../markdown.ts";

/** How many published measurements of a POWER9 the model gives, and which it does not; docs/timing.md has each. */
export function publishedSummary(): string {
  const rows = measuredPower9(() => new TimingModel({ model: "power9" }));
  const off = rows.filter(({ deviation }) => deviation > TOLERANCE);
  const predicted = rows.filter(({ role, deviation }) => role === "predicted" && deviation <= TOLERANCE);
  const within = `${rows.length - off.length} of ${rows.length} published results, ${predicted.length} of which no figure was fitted to`;
  const rest = off.map(({ what, deviation }) => `"${what}" is ${(100 * deviation).toFixed(0)} % off`);
  return `Within ${100 * TOLERANCE} %: ${within}.${rest.length === 0 ? "" : ` ${rest.join("; ")}.`}\n`;
}

type Unknown = Extract<Figure, { readonly unknown: string }>;

/** Every unknown figure of every processor, with the range that results take it from. */
export function unknownFigures(): string {
  return cpuModels
    .map((model) => {
      const rows = [...unknowns(cpuTimings[model])].map(([path, { low, typical, high, unknown }]) => [
        path,
        ...[low, typical, high].map(String),
        unknown.replaceAll("|", "\\|"),
      ]);
      const table = markdown([["figure", "low", "typical", "high", "what is known"], ...rows]);
      return `### ${model.toUpperCase()}\n\n${table.join("\n")}\n`;
    })
    .join("\n");
}

/** Where each is in the table, as a path of members. */
function* unknowns(
  value: unknown,
  path: readonly string[] = [],
): Generator<readonly [string, Unknown], void> {
  if (typeof value !== "object" || value === null || value instanceof RegExp) return;
  if ("unknown" in value) yield [path.join("."), value as Unknown];
  else
    for (const [key, member] of Object.entries(value))
      yield* unknowns(member, [...path, ...(/^(?:core|front|classes)$/.test(key) ? [] : [key])]);
}
