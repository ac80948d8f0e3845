// The one error for input that cannot become a program: objects, raw instructions, assembly.

/** An unusable program file. `message` is one line: what is wrong, where, with the numbers; `errno` as the kernel or libbpf would say it. */
export class BpfLoadError extends Error {
  override readonly name = "BpfLoadError";
  readonly errno: string;
  constructor(message: string, errno = "EINVAL") {
    super(message);
    this.errno = errno;
  }
}
