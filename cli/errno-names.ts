// Names of the error numbers that an init_module may return, for people. [Linux 6.12 include/uapi/asm-generic/errno-base.h]

const NAMES = (
  "EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV " +
  "ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE"
).split(" ");

/** `ENODEV` for -19; the number itself where it has no name here. */
export function errnoName(result: number): string {
  return NAMES[-result - 1] ?? String(result);
}
