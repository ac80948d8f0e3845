// Straight from the linear map: pages of RAM, made read-only and executable where they are.
import { imagesAt } from "./linear-images.ts";
import { LinearPlace } from "./place.ts";
import type { ImageAllocStrategy } from "./strategy.ts";

/** The first of the three ranges that were put forward in 2018. */
export const linearStrategy: ImageAllocStrategy = Object.freeze({
  name: "linear",
  summary: "pages of RAM at their linear addresses",
  create: (kernel) => imagesAt(kernel, new LinearPlace(kernel)),
} satisfies ImageAllocStrategy);
