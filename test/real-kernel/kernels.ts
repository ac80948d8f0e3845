// Which real kernels tests boot: those of FARCALL_PPC64EL_KERNELS, else those in /boot. None is started here.
import { existsSync, readdirSync } from "node:fs";

/** Paths of vmlinux files of ppc64el. */
export function vmlinuxFiles(): readonly string[] {
  const named = process.env["FARCALL_PPC64EL_KERNELS"];
  if (named !== undefined && named !== "") return named.split(":");
  if (!existsSync("/boot")) return [];
  return readdirSync("/boot")
    .filter((name) => /^vmlinux-.*powerpc64le/.test(name))
    .map((name) => `/boot/${name}`);
}
