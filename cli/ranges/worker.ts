// A worker of `farcall ranges`: measures and audits what it is sent. Built into a file of its own in dist/.
import { workerData } from "node:worker_threads";
import workerpool from "workerpool";
import { auditPlace } from "../../lab/ranges/audit-place.ts";
import { measure, type Experiment } from "../../lab/ranges/measure.ts";
import type { Answer, Work } from "./tasks.ts";

const experiment = workerData as Experiment;

const work: Work = {
  measure: (cell) => measure(experiment, cell),
  audit: (place) => auditPlace(experiment, place),
};

function answering<A, T>(task: (argument: A) => T): (argument: A) => Answer<T> {
  return (argument) => {
    try {
      return { value: task(argument) };
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      return { bug: { name, message, stack } };
    }
  };
}

workerpool.worker({ measure: answering(work.measure), audit: answering(work.audit) });
