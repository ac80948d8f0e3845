// Why a program cannot be compiled, and what no program may bring about. Nothing else.

/** The errno that Linux's JIT or core gives in the same place. */
export type JitErrno = "EINVAL" | "ENOMEM" | "ENOTSUPP" | "EPERM" | "ERANGE";

/** The program, or where its images lie, is nothing this JIT can compile. */
export class JitError extends Error {
  override readonly name = "JitError";
  readonly errno: JitErrno;

  constructor(errno: JitErrno, message: string) {
    super(message);
    this.errno = errno;
  }
}

/** An opcode, or its operation, that this JIT does not compile. */
export const unsupported = ({ code, imm }: { readonly code: number; readonly imm: number }): JitError =>
  new JitError(
    "ENOTSUPP",
    `opcode 0x${code.toString(16).padStart(2, "0")} (immediate ${imm}) is unsupported`,
  );

/** Passes that disagree, or code that no pass may leave: a bug of this JIT, whatever the program. The message has the numbers. */
export class JitBug extends Error {
  override readonly name = "JitBug";
}
