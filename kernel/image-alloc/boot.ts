// bpf_jit_image_alloc as a kernel's options ask for it: a strategy by name, or a function of the user's, and the limit of what it gives.
import { KernelUsageError } from "../error.ts";
import type { Kernel } from "../kernel.ts";
import type { KernelOptions } from "../options.ts";
import { defaultJitLimit, JitLimit } from "./jit-limit.ts";
import { overridden } from "./override.ts";
import type { ImageAllocator } from "./strategy.ts";
import { DEFAULT_IMAGE_ALLOC, imageAllocNamed } from "./table.ts";

/**
 * @returns the allocator, what it is called, and what its memory is charged to
 * @throws KernelUsageError where there is no such strategy or limit, ImageAllocError where this kernel cannot have it
 * @linux the weak bpf_jit_image_alloc of the 2018 proposal
 */
export function bootImageAlloc(
  kernel: Kernel,
  { imageAlloc = DEFAULT_IMAGE_ALLOC, bpfJitLimit, overrides }: KernelOptions,
): { readonly allocator: ImageAllocator; readonly name: string; readonly limit: JitLimit } {
  if (bpfJitLimit !== undefined && !(bpfJitLimit >= 0))
    throw new KernelUsageError(`bpf_jit_limit of ${bpfJitLimit} bytes: it is 0 or more`);
  const override = overrides?.bpfJitImageAlloc;
  const allocator = override === undefined ? named(kernel, imageAlloc) : overridden(kernel, override);
  const limit = new JitLimit(bpfJitLimit ?? defaultJitLimit(kernel.layout, allocator.areaBytes));
  return { allocator, name: override === undefined ? imageAlloc : "override", limit };
}

function named(kernel: Kernel, text: string): ImageAllocator {
  const { strategy, argument } = imageAllocNamed(text);
  return strategy.create(kernel, argument);
}
