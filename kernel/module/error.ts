// What loading and unloading a module throws: the errno that the system call would return, and the reason as one line.

/** Errors of init_module(2) and delete_module(2), and those of a symbol's owner that is not ready. */
export type ModuleErrno = "ENOEXEC" | "ENOENT" | "ENOMEM" | "EEXIST" | "EBUSY" | "EWOULDBLOCK";

/** The kernel refuses a module. Nothing of it is left then. */
export class ModuleError extends Error {
  override readonly name = "ModuleError";
  readonly errno: ModuleErrno;

  /** @param message in Linux's words where it has some, the module's name before them */
  constructor(errno: ModuleErrno, message: string) {
    super(message);
    this.errno = errno;
  }
}

/** The commonest: the file is no module that can be used. */
export function noExec(message: string): ModuleError {
  return new ModuleError("ENOEXEC", message);
}
