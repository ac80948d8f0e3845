// What a module says of itself in .modinfo, and under which name it is known.
import { noExec } from "./error.ts";
import type { ModuleFile } from "./file.ts";

/** Bytes of a module's name, the ending NUL included. @linux include/linux/module.h MODULE_NAME_LEN */
const NAME_BYTES = 56;

/** The value of `tag=value`; undefined where the module has none. @linux kernel/module/main.c get_modinfo */
export function moduleInfo(file: ModuleFile, tag: string): string | undefined {
  const data = file.sections.find(({ name }) => name === ".modinfo")?.data ?? new Uint8Array();
  const entries = new TextDecoder("latin1").decode(data).split("\0");
  return entries.find((entry) => entry.startsWith(`${tag}=`))?.slice(tag.length + 1);
}

/** Hyphens count as underscores, as in modprobe. @throws ModuleError ENOEXEC for what is no name */
export function usableName(name: string): string {
  const usable = name.replaceAll("-", "_");
  if (/^[\x21-\x7e]+$/.test(usable) && usable.length < NAME_BYTES) return usable;
  throw noExec(`module name of ${name.length} characters: 1 to ${NAME_BYTES - 1} printable ones are needed`);
}
