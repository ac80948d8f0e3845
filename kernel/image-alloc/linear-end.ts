// After the end of RAM in 0xc: addresses of the linear region that no RAM has, other RAM mapped there.
import { fromHalves, hex64, parseU64, u64, type U64 } from "../../word/long.ts";
import { KernelUsageError } from "../error.ts";
import type { Kernel } from "../kernel.ts";
import { linear } from "../layout/image.ts";
import { regionNamed } from "../layout/layout.ts";
import { ramEnd } from "../ram-map.ts";
import { imagesAt } from "./linear-images.ts";
import { RangePlace } from "./range-place.ts";
import { ImageAllocError, type ImageAllocator, type ImageAllocStrategy } from "./strategy.ts";

const NAME = "linear-end";
/** Length of the range. */
const BYTES = fromHalves(0, 0x4000_0000);

export const linearEndStrategy: ImageAllocStrategy = Object.freeze({
  name: NAME,
  argument: "ADDRESS",
  summary: "behind the end of RAM in the linear region, other RAM mapped there",
  create: (kernel, argument) => imagesFrom(kernel, argument === undefined ? undefined : address(argument)),
} satisfies ImageAllocStrategy);

function address(text: string): U64 {
  const value = text.startsWith("-") ? undefined : parseU64(text);
  if (value === undefined) throw new KernelUsageError(`${NAME}: '${text}' is no 64-bit address`);
  return value;
}

/** From the end of RAM on, or from an address behind it. */
function imagesFrom(kernel: Kernel, wanted: U64 | undefined): ImageAllocator {
  const region = regionNamed(kernel.layout, "linear map");
  const behindRam = linear(ramEnd(kernel.ramMap));
  const start = wanted ?? aligned(behindRam, kernel.mm.irregularGranule(behindRam));
  const end = start.add(BYTES);
  if (start.lt(behindRam) || end.gt(region.end) || end.lt(start)) {
    const room = `${hex64(behindRam)} to ${hex64(region.end.sub(BYTES))}`;
    throw new ImageAllocError(
      "EINVAL",
      `${NAME}: ${hex64(start)} is not behind RAM in the linear region, ${room}`,
    );
  }
  const granuleBytes = kernel.mm.irregularGranule(start);
  if ((start.low & (granuleBytes - 1)) !== 0) {
    throw new ImageAllocError(
      "EINVAL",
      `${NAME}: ${hex64(start)} is not aligned to ${granuleBytes} bytes, the smallest page there`,
    );
  }
  return imagesAt(kernel, new RangePlace(kernel, { start, end, granuleBytes }));
}

function aligned(ea: U64, granuleBytes: number): U64 {
  return ea.add(u64(granuleBytes - 1)).and(u64(-granuleBytes));
}
