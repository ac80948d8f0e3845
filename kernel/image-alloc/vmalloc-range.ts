// The override that was proposed for powerpc64: __vmalloc_node_range over a range of the user's choice.
import { fromHalves } from "../../word/long.ts";
import { regionNamed } from "../layout/layout.ts";
import type { Kernel } from "../kernel.ts";
import { parseRange, rangeText, type AddressRange } from "./range.ts";
import { ImageAllocError, type ImageAllocStrategy } from "./strategy.ts";
import { VmallocImages } from "./vmalloc-images.ts";

const NAME = "vmalloc_range";
/** The default argument's length: 1 GiB. */
const GIB = fromHalves(0, 0x4000_0000);

/** @linux mm/vmalloc.c __vmalloc_node_range */
export const vmallocRangeStrategy: ImageAllocStrategy = Object.freeze({
  name: NAME,
  argument: "START-END",
  needsArgument: true,
  summary: "a range of vmalloc addresses",
  defaultArgument: (kernel) => {
    const { start } = regionNamed(kernel.layout, "vmalloc");
    return rangeText({ start, end: start.add(GIB) });
  },
  create: (kernel, argument = "") => {
    const range = parseRange(NAME, argument, kernel.pages.pageBytes);
    checkRange(kernel, range);
    const areaBytes = range.end.sub(range.start).toNumber();
    return new VmallocImages(
      kernel,
      (size) => kernel.vmallocNodeRange({ size, owner: "bpf image", ...range }),
      areaBytes,
    );
  },
} satisfies ImageAllocStrategy);

/** Only vmalloc addresses have page tables of the kernel's on every MMU. */
function checkRange({ layout }: Kernel, range: AddressRange): void {
  const region = regionNamed(layout, "vmalloc");
  if (range.start.gte(region.start) && range.end.lte(region.end)) return;
  throw new ImageAllocError(
    "EINVAL",
    `${NAME}: ${rangeText(range)} is not inside ${layout.name}'s vmalloc range ${rangeText(region)}`,
  );
}
