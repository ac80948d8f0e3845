// The error of a machine that cannot be had. Faults of the guest are interrupts, not errors.

/** What a caller asked for that the machine does not have, or the host not for it. */
export class CpuUsageError extends Error {
  override readonly name = "CpuUsageError";
}
