// What is known of the timing models: how many published measurements they give, and how many of their numbers nobody published.
import { cpuTimings } from "../../cpu/timing/cpu-timings.ts";
import { isUnknown } from "../../cpu/timing/figure.ts";
import { listFigures } from "../../cpu/timing/figure-list.ts";
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

/** How many numbers of each processor nobody published. */
export function unknownCounts(): string {
  const rows = cpuModels.map((model) => {
    const figures = [...listFigures(cpuTimings[model])].map(({ figure }) => figure);
    return [model.toUpperCase(), String(figures.length), String(figures.filter(isUnknown).length)];
  });
  return `${markdown([["", "numbers", "not published"], ...rows]).join("\n")}\n`;
}
