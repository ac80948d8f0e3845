// In a gap of the RAM map: addresses of the linear region between two stretches of RAM, other RAM mapped there.
import { linear } from "../layout/image.ts";
import { ramHoles, ramMapText } from "../ram-map.ts";
import { imagesAt } from "./linear-images.ts";
import { RangePlace } from "./range-place.ts";
import { ImageAllocError, type ImageAllocStrategy } from "./strategy.ts";

const NAME = "linear-gap";

export const linearGapStrategy: ImageAllocStrategy = Object.freeze({
  name: NAME,
  summary: "in the first gap of the RAM map, other RAM mapped there",
  create: (kernel) => {
    const [gap] = ramHoles(kernel.ramMap);
    if (gap === undefined) {
      throw new ImageAllocError("ENXIO", `${NAME}: the RAM map ${ramMapText(kernel.ramMap)} has no gap`);
    }
    const start = linear(gap.start);
    const granuleBytes = kernel.mm.irregularGranule(start);
    return imagesAt(kernel, new RangePlace(kernel, { start, end: linear(gap.end), granuleBytes }));
  },
} satisfies ImageAllocStrategy);
