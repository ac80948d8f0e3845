// The kernel of a cell: booted with the cell's layout and strategy, whose argument is chosen where it must have one.
import { KernelUsageError } from "../../kernel/error.ts";
import { imageAllocStrategies } from "../../kernel/image-alloc/table.ts";
import { Kernel, type KernelOptions } from "../../kernel/kernel.ts";
import type { Layout } from "../../kernel/layout/layout.ts";
import { BASELINE } from "./axes.ts";
import { isRefusal, refusal, refusing, type Refusal } from "./refusal.ts";
import type { Cell } from "./row.ts";

export interface Booted {
  /** The strategy as it would be given on the command line, with its argument. */
  readonly imageAlloc: string;
  readonly kernel: Kernel | Refusal;
}

/**
 * @param options without layout and strategy
 * @throws KernelUsageError for a strategy's argument that is none
 */
export function bootCell(
  options: KernelOptions,
  { layout, imageAlloc }: Pick<Cell, "imageAlloc"> & { readonly layout: string | Layout },
): Booted {
  const strategy = imageAllocStrategies.find(({ name }) => name === imageAlloc);
  if (strategy?.needsArgument !== true)
    return { imageAlloc, kernel: boot({ ...options, layout, imageAlloc }) };
  const plain = machine({ ...options, layout });
  if (isRefusal(plain)) return { imageAlloc, kernel: plain };
  const argument = refusing("boot", () => ({ text: strategy.defaultArgument?.(plain) ?? "" }));
  if (isRefusal(argument)) return { imageAlloc, kernel: argument };
  const spelled = `${imageAlloc}:${argument.text}`;
  return { imageAlloc: spelled, kernel: boot({ ...options, layout, imageAlloc: spelled }) };
}

function boot(options: KernelOptions): Kernel | Refusal {
  try {
    return refusing("boot", () => new Kernel(options));
  } catch (error) {
    if (!(error instanceof KernelUsageError)) throw error;
    const plain = machine({ ...options, imageAlloc: BASELINE.imageAlloc });
    if (isRefusal(plain)) return plain;
    throw error;
  }
}

/** A kernel with module_alloc, or why there is none with these options. */
function machine(options: KernelOptions): Kernel | Refusal {
  try {
    return new Kernel(options);
  } catch (error) {
    if (error instanceof KernelUsageError) return refusal("machine", error);
    throw error;
  }
}
