// The worker's end of cli/pool.ts: does tasks by name and answers each, bugs included. Knows no task.
import workerpool from "workerpool";

/** An error that is no refusal, as it goes from a worker to the one who reports it. */
export interface Bug {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** What comes back for one task: plain values only, which can be cloned. */
export type Answer<T> = { readonly value: T } | { readonly bug: Bug };

/** What a worker does, by name: one argument, one answer, at once or later. */
export type Tasks<Work> = { readonly [Kind in keyof Work]: (argument: never) => unknown };

/** Takes tasks from now on. */
export function serve<Work extends Tasks<Work>>(work: Work): void {
  const methods = Object.entries<(argument: never) => unknown>(work).map(([kind, task]) => [
    kind,
    answering(task),
  ]);
  workerpool.worker(Object.fromEntries(methods) as Record<string, () => unknown>);
}

function answering(task: (argument: never) => unknown): (argument: never) => Promise<Answer<unknown>> {
  return async (argument) => {
    try {
      return { value: await task(argument) };
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      return { bug: { name, message, stack } };
    }
  };
}
