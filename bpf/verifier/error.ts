// The verifier's refusal.

/** A program that the verifier refuses. `log` is the whole log in the kernel's form, `message` its decisive line. */
export class VerifierError extends Error {
  override readonly name = "VerifierError";
  readonly errno: string;
  /** Slot of the instruction that is at fault, where there is one. */
  readonly insn: number | undefined;
  readonly log: string;
  constructor(fault: { errno: string; message: string; insn?: number | undefined; log?: string }) {
    super(fault.message);
    this.errno = fault.errno;
    this.insn = fault.insn;
    this.log = fault.log ?? `${fault.message}\n`;
  }
}
