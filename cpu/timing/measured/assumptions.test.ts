// Unknown figures: low makes code faster and high slower, on every processor, whatever the program.
import { describe, expect, test } from "vitest";
import { cpuModels } from "../../isa/row.ts";
import { assumptions } from "../figure.ts";
import { TimingModel } from "../model.ts";
import {
  backEdge,
  criticalPath,
  jumpsByCtr,
  manySites,
  offPath,
  savedLink,
  takenForward,
  twoInOneBlock,
  twoSites,
  unpairedReturn,
} from "./programs.ts";
import { measureRounds, type RoundsProgram } from "./run.ts";

// Without random decisions: there luck is larger than the difference of two predictors.
const programs: Readonly<Record<string, RoundsProgram>> = {
  "one bl": twoSites("bl", "same"),
  "one bctrl": twoSites("bctrl", "same"),
  "unpaired blr": unpairedReturn("blr"),
  "jumps by CTR": jumpsByCtr(16),
  "two in one block": twoInOneBlock(true),
  "320 sites": manySites(320),
  "taken branches": takenForward(16, 32),
  "a short loop": backEdge(8),
  "a constant on the path": criticalPath("constant"),
  "constants off the path": offPath("constant"),
  "loads off the path": offPath("load"),
  "LR saved": savedLink(true),
};

describe.each(cpuModels)("%s", (model) => {
  test.each(Object.keys(programs))("%s", (name) => {
    const program = { rounds: 32, ...programs[name] } as RoundsProgram;
    const [low = NaN, typical = NaN, high = NaN] = assumptions.map(
      (assumption) => measureRounds(program, model, new TimingModel({ model, assumption })).cycles,
    );
    expect(low).toBeGreaterThan(0);
    expect(typical).toBeGreaterThanOrEqual(low);
    expect(high).toBeGreaterThanOrEqual(typical);
  });
});
