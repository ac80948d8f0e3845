// What was measured of a POWER9 [AC922: a published measurement of an AC922, DD2.3], and the same on a timing model.
// Programs are in programs.ts. A measurement that figures were fitted to proves nothing but that the fit holds.
import type { Round, RoundsProgram, Timed } from "./run.ts";
import { measureRounds } from "./run.ts";
import {
  backEdge,
  criticalPath,
  emptyLoop,
  jumpsByCtr,
  manySites,
  offPath,
  savedLink,
  takenForward,
  twoInOneBlock,
  twoSites,
  unpairedReturn,
} from "./programs.ts";

/** A measurement, published and modelled. */
export interface Measured {
  readonly what: string;
  readonly unit: "cycles" | "mispredicts" | "sites";
  /** Both ends are the same where one number is published. */
  readonly published: { readonly low: number; readonly high: number };
  readonly source: string;
  /**
   * `fitted`: a figure of the model was chosen so that this comes out; `predicted`: none was; `loop`: most of it is a loop that is
   * not published, and ours was made about as long.
   */
  readonly role: "fitted" | "predicted" | "loop";
  readonly model: number;
  /** How far the model is from the nearer end of what is published, as a part of it; 0 within. */
  readonly deviation: number;
  /** Why it is further off than `TOLERANCE`, where that is known beforehand. */
  readonly reason?: string;
}

/** A deviation that needs no reason. */
export const TOLERANCE = 0.2;

const SOURCE = "AC922, DD2.3";

type Runner = (program: RoundsProgram) => Round;

interface Measurement extends Omit<Measured, "model" | "deviation" | "source" | "published"> {
  readonly published: number | readonly [low: number, high: number];
  readonly measure: (run: Runner) => number;
}

function cycles(run: Runner, program: RoundsProgram, without?: RoundsProgram): number {
  return run(program).cycles - (without === undefined ? 0 : run(without).cycles);
}

/** The first number of sites, 32 more from one to the next, at which one branch in ten has no prediction. */
function saturation(run: Runner): number {
  for (let sites = 192; ; sites += 32) {
    if (run(manySites(sites)).mispredicts > sites / 10) return sites;
    if (sites === 512) return Infinity;
  }
}

// One line a measurement, as they are published.
// prettier-ignore
const measurements: readonly Measurement[] = [
  { what: "loop around the calls", unit: "cycles", published: 7, role: "loop", measure: (run) => cycles(run, twoSites("none", "same")) },
  { what: "bl and blr at one site, with the loop", unit: "cycles", published: 13.8, role: "fitted", measure: (run) => cycles(run, twoSites("bl", "same")) },
  { what: "bl at one of two random sites, with the loop", unit: "cycles", published: 25.7, role: "predicted", measure: (run) => cycles(run, twoSites("bl", "random")) },
  { what: "bctrl at one of two random sites, with the loop", unit: "cycles", published: 25.9, role: "predicted", measure: (run) => cycles(run, twoSites("bctrl", "random")) },
  { what: "an unpaired blr in place of b", unit: "cycles", published: 25.5, role: "predicted", measure: (run) => cycles(run, unpairedReturn("blr"), unpairedReturn("b")) },
  { what: "mtctr and bctr, predicted", unit: "cycles", published: [2.5, 3.05], role: "fitted", measure: (run) => cycles(run, jumpsByCtr(16), jumpsByCtr(8)) / 8 },
  { what: "second bctr in one aligned 32 bytes", unit: "cycles", published: 16, role: "predicted", measure: (run) => cycles(run, twoInOneBlock(true), twoInOneBlock(false)) },
  { what: "second bctr in one aligned 32 bytes", unit: "mispredicts", published: 1, role: "fitted", measure: (run) => run(twoInOneBlock(true)).mispredicts },
  { what: "sites at which the count cache is full", unit: "sites", published: [256, 320], role: "fitted", measure: saturation },
  { what: "taken branch to the next 32 bytes", unit: "cycles", published: [0.85, 2], role: "fitted", measure: (run) => cycles(run, takenForward(16, 32), takenForward(8, 32)) / 8 },
  { what: "taken branch over one instruction", unit: "cycles", published: [0.85, 2], role: "fitted", measure: (run) => cycles(run, takenForward(16, 8), takenForward(8, 8)) / 8 },
  { what: "back-edge of a loop", unit: "cycles", published: [5, 6], role: "fitted", measure: (run) => cycles(run, backEdge(12), backEdge(8)) / 4 },
  { what: "constant of five instructions on the critical path", unit: "cycles", published: 10, role: "predicted", measure: (run) => cycles(run, criticalPath("constant"), criticalPath("nothing")) },
  { what: "load in its place", unit: "cycles", published: 4, role: "predicted", measure: (run) => cycles(run, criticalPath("load"), criticalPath("nothing")) },
  { what: "loop with the constant", unit: "cycles", published: 18.8, role: "loop", measure: (run) => cycles(run, criticalPath("constant")) },
  { what: "loop with the load", unit: "cycles", published: 12.8, role: "loop", measure: (run) => cycles(run, criticalPath("load")) },
  { what: "four constants off the path, each with mtctr and bctr", unit: "cycles", published: 12.8, role: "predicted", measure: (run) => cycles(run, offPath("constant"), emptyLoop()) },
  { what: "four loads in their place", unit: "cycles", published: 9.7, role: "fitted", measure: (run) => cycles(run, offPath("load"), emptyLoop()) },
  {
    what: "LR saved and restored: mflr, stdu, ld, mtlr", unit: "cycles", published: 13, role: "predicted", measure: (run) => cycles(run, savedLink(true)),
    reason: "the manual's latencies, one after the other, are 6 for mflr, 6 for a load that a store forwards to and 5 for mtlr: 17; with 2 for mflr, as POWER10 has, they would be 13",
  },
];

/** Every measurement on fresh models, in the order of publication. `make` gives a model of POWER9 that has seen nothing yet. */
export function measuredPower9(make: () => Timed): readonly Measured[] {
  const runs = new Map<string, Round>();
  const run: Runner = (program) => {
    const key = `${program.decisions ?? "same"} ${program.text}`;
    const found = runs.get(key) ?? measureRounds(program, "power9", make());
    runs.set(key, found);
    return found;
  };
  return measurements.map(({ measure, published, ...measurement }) => {
    const [low, high] = typeof published === "number" ? [published, published] : published;
    const model = measure(run);
    return {
      ...measurement,
      source: SOURCE,
      published: { low, high },
      model,
      deviation: deviationOf(model, low, high),
    };
  });
}

function deviationOf(model: number, low: number, high: number): number {
  if (model < low) return (low - model) / low;
  return model > high ? (model - high) / high : 0;
}

/** The measurements as a table of Markdown, numbers with two decimals and deviations in percent. */
export function measuredTable(rows: readonly Measured[]): string {
  const number = (n: number): string => n.toFixed(2).replace(/\.?0+$/, "");
  const lines = rows.map(({ what, unit, published: { low, high }, role, model, deviation }) => {
    const range = low === high ? number(low) : `${number(low)}–${number(high)}`;
    return `| ${what} | ${unit} | ${range} | ${number(model)} | ${(100 * deviation).toFixed(1)} % | ${role} |`;
  });
  const reasons = rows.flatMap(({ what, reason }) => (reason === undefined ? [] : [`- ${what}: ${reason}.`]));
  const head =
    "| measurement | unit | published | model | off by | role |\n| --- | --- | --- | --- | --- | --- |";
  return [head, ...lines, "", ...reasons, ""].join("\n");
}
