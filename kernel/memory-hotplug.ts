// Adding memory to a running kernel: the checks that Linux makes of the range. That a linear address is free is none of them, as a
// linear map that is 1:1 has nothing there. No memory is added.
import type { Kernel } from "./kernel.ts";
import { SECTION_BYTES } from "./ram-map.ts";

/**
 * Whether a range would be added: whole sections, none of which is RAM already.
 * @linux mm/memory_hotplug.c check_hotplug_memory_range, register_memory_resource
 */
export function checkHotplugRange(
  kernel: Kernel,
  real: number,
  bytes: number,
): "EINVAL" | "EEXIST" | undefined {
  if (bytes <= 0 || real % SECTION_BYTES !== 0 || bytes % SECTION_BYTES !== 0) return "EINVAL";
  const overlaps = kernel.ramMap.some(({ start, end }) => real < end && start < real + bytes);
  return overlaps ? "EEXIST" : undefined;
}
