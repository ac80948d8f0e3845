// Every strategy for bpf_jit_image_alloc by name, and the reading of NAME or NAME:ARGUMENT. Setting one up is its own work.
import { KernelUsageError } from "../error.ts";
import { linearEndStrategy } from "./linear-end.ts";
import { linearGapStrategy } from "./linear-gap.ts";
import { linearHoleStrategy } from "./linear-hole.ts";
import { linearStrategy } from "./linear.ts";
import { moduleAllocStrategy } from "./module-alloc.ts";
import { nearTextStrategy } from "./near-text.ts";
import { progPackStrategy } from "./prog-pack.ts";
import type { ImageAllocStrategy } from "./strategy.ts";
import { vmallocRangeStrategy } from "./vmalloc-range.ts";

/** All of them, the default first. */
export const imageAllocStrategies: readonly ImageAllocStrategy[] = Object.freeze([
  moduleAllocStrategy,
  vmallocRangeStrategy,
  linearStrategy,
  linearHoleStrategy,
  linearEndStrategy,
  linearGapStrategy,
  nearTextStrategy,
  progPackStrategy,
]);

/** What is used when nothing else is asked for. */
export const DEFAULT_IMAGE_ALLOC = moduleAllocStrategy.name;

/** A strategy with its argument, as text names it. */
export interface ChosenImageAlloc {
  readonly strategy: ImageAllocStrategy;
  readonly argument: string | undefined;
}

/**
 * The strategy that `NAME` or `NAME:ARGUMENT` names; the argument's form is looked at by `create`.
 * @throws KernelUsageError where there is no such strategy, or an argument lacks or is too much
 */
export function imageAllocNamed(text: string): ChosenImageAlloc {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  const argument = colon < 0 ? undefined : text.slice(colon + 1);
  const strategy = imageAllocStrategies.find((each) => each.name === name);
  if (strategy === undefined) {
    const names = imageAllocStrategies.map(usageOf).join(", ");
    throw new KernelUsageError(`no image allocation ${name}; there are ${names}`);
  }
  if (argument === undefined && strategy.needsArgument === true) {
    throw new KernelUsageError(`image allocation ${name} needs an argument: ${usageOf(strategy)}`);
  }
  if (argument !== undefined && strategy.argument === undefined) {
    throw new KernelUsageError(`image allocation ${name} takes no argument`);
  }
  return { strategy, argument };
}

/** How a strategy is written: `vmalloc_range:START-END`, `linear-end[:ADDRESS]`. */
export function usageOf({ name, argument, needsArgument }: ImageAllocStrategy): string {
  if (argument === undefined) return name;
  return needsArgument === true ? `${name}:${argument}` : `${name}[:${argument}]`;
}
