// A worker of `farcall ranges`: measures the cells that it is sent. Built into a file of its own in dist/.
import { workerData } from "node:worker_threads";
import workerpool from "workerpool";
import { measure, type Experiment } from "../../lab/ranges/measure.ts";
import type { WorkerMethods } from "./tasks.ts";

const experiment = workerData as Experiment;

const methods: WorkerMethods = {
  measureCells: (cells) => {
    try {
      return { measurements: cells.map((cell) => measure(experiment, cell)) };
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      return { bug: { name, message, stack } };
    }
  },
};
workerpool.worker({ ...methods });
