// A worker of `farcall ranges`: measures the cells that it is sent. Built into a file of its own in dist/.
import { workerData } from "node:worker_threads";
import workerpool from "workerpool";
import { measure, type Experiment } from "../../lab/ranges/measure.ts";
import type { Bug, WorkerMethods } from "./tasks.ts";

const experiment = workerData as Experiment;

function bugOf(error: unknown): { readonly bug: Bug } {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { bug: { name, message, stack } };
}

const methods: WorkerMethods = {
  measureCell: (cell) => {
    try {
      return { measurement: measure(experiment, cell) };
    } catch (error) {
      return bugOf(error);
    }
  },
};
workerpool.worker({ ...methods });
