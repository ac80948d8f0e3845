// The audit of a booted kernel's strategy for images: everything in the kernel model that takes addresses and RAM to be 1:1 is
// walked, and what breaks is reported with the access that shows it.
import type { Kernel } from "../kernel/kernel.ts";
import { regionOf } from "../kernel/layout/layout.ts";
import { paCheck, vaCheck, virtToPageCheck } from "./audit/addresses.ts";
import type { Check, Finding } from "./audit/finding.ts";
import { aliasCheck, guardCheck, setMemoryCheck } from "./audit/protection.ts";
import { crashDumpCheck, dmaCheck, hashCheck, hotplugCheck } from "./audit/walkers.ts";
import { reach } from "./audit/access.ts";
import { hex64 } from "../word/long.ts";

export type { Finding } from "./audit/finding.ts";

const CHECKS: readonly Check[] = [
  paCheck,
  vaCheck,
  virtToPageCheck,
  hashCheck,
  dmaCheck,
  crashDumpCheck,
  hotplugCheck,
  setMemoryCheck,
  aliasCheck,
  guardCheck,
];

/** Bytes of code of the image that is looked at. */
const IMAGE_BYTES = 256;

/** No memory for the image that an audit looks at, or memory that cannot be made executable. */
export class AuditError extends Error {
  override readonly name = "AuditError";
  readonly errno: "ENOMEM" | "EINVAL";

  constructor(errno: "ENOMEM" | "EINVAL", message: string) {
    super(message);
    this.errno = errno;
  }
}

/**
 * Looks at one image that is made for it and given back.
 * @returns in a fixed order, what holds and what does not
 * @throws AuditError where the strategy has no memory for an image, or none that can be executed
 */
export function audit(kernel: Kernel): readonly Finding[] {
  const image = kernel.bpfJitBinaryAlloc(IMAGE_BYTES);
  if (image === undefined) throw new AuditError("ENOMEM", `${kernel.imageAllocName}: no memory for an image`);
  try {
    const { header: ea, bytes } = image;
    kernel.imageAlloc.lock(ea, bytes);
    const found = reach(kernel, ea, "fetch");
    if (found.kind !== "real")
      throw new AuditError(
        "EINVAL",
        `${kernel.imageAllocName}: the image at ${hex64(ea)} cannot be executed`,
      );
    const isLinear = regionOf(kernel.layout, ea)?.name === "linear map";
    const subject = { kernel, ea, bytes, real: found.real, isLinear };
    return CHECKS.flatMap((check) => check(subject)).map((verdict) => ({
      strategy: kernel.imageAllocName,
      ...verdict,
    }));
  } finally {
    kernel.bpfJitBinaryFree(image);
  }
}
