// A worker of `farcall ranges`: measures and audits what it is sent. Built into a file of its own in dist/.
import { workerData } from "node:worker_threads";
import { auditPlace } from "../../lab/ranges/audit-place.ts";
import { measure, type Experiment } from "../../lab/ranges/measure.ts";
import { serve } from "../worker.ts";
import type { Work } from "./tasks.ts";

const experiment = workerData as Experiment;

serve<Work>({
  measure: (cell) => measure(experiment, cell),
  audit: (place) => auditPlace(experiment, place),
});
