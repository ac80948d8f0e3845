// Linux's error numbers that BPF programs and loaders get to see, and how they look in r0.
import { u64, type U64 } from "../word/long.ts";

/** [Linux 6.12 include/uapi/asm-generic/errno-base.h] */
export const errno = {
  ENOENT: 2,
  E2BIG: 7,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EINVAL: 22,
  ENOSPC: 28,
  ERANGE: 34,
} as const;

export type Errno = keyof typeof errno;

/** -errno as a 64-bit value, what a helper returns. */
export function negative(name: Errno): U64 {
  return u64(-errno[name]);
}
