// The verifier's refusal.

/** A program that the verifier refuses. `log` is the whole log in the kernel's form, `message` its decisive line. */
export class VerifierError extends Error {
  override readonly name = "VerifierError";
  readonly errno: string;
  /** Slot of the instruction that is at fault, where there is one. */
  readonly insn: number | undefined;
  readonly log: string;
  /** Slots looked at until then. */
  readonly processedInsns: number;
  constructor(fault: {
    errno: string;
    message: string;
    insn?: number | undefined;
    log?: string;
    processedInsns?: number;
  }) {
    super(fault.message);
    this.errno = fault.errno;
    this.insn = fault.insn;
    this.processedInsns = fault.processedInsns ?? 0;
    this.log = fault.log ?? `${fault.message}\n`;
  }
}
