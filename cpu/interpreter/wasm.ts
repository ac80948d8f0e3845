// The interpreter's WebAssembly bytes, generated from the rows. The build replaces this module by one that has them as data.
import type { Endian } from "../state.ts";
import type { Recording } from "./locals.ts";
import { interpreterModule } from "./module.ts";

/** Modules made so far: a pure function's results, since a process makes many processors. */
const made = new Map<`${Endian} ${Recording}`, Uint8Array>();

/** The module for a guest of this byte order. The first of each takes some tens of milliseconds. */
export function interpreterWasm(endian: Endian, recording: Recording): Uint8Array {
  const known = made.get(`${endian} ${recording}`);
  if (known !== undefined) return known;
  const { bytes } = interpreterModule(endian, recording);
  made.set(`${endian} ${recording}`, bytes);
  return bytes;
}
