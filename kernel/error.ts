// What the kernel model throws: options or input that it cannot use, and memory that is used up.
// Faults of the guest are values (oops.ts), not errors.

/** A caller asked for a machine or a program that cannot be: the message is one line for people. */
export class KernelUsageError extends Error {
  override readonly name = "KernelUsageError";
}

/** No memory is left for what was asked; `errno` as the kernel would say it. */
export class OutOfMemoryError extends Error {
  override readonly name = "OutOfMemoryError";
  /** As the kernel would return it. */
  readonly errno = "ENOMEM";
}
