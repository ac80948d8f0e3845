// Every call encoding. A new one is a file and a line here.
import { auxFunc } from "./aux-func.ts";
import type { CallEncoding, CallEncodingName } from "./encoding.ts";
import { imm32 } from "./imm32.ts";

/** In the order in which they were put forward. */
export const callEncodings: readonly CallEncoding[] = [imm32, auxFunc];

/** @throws Error for a name that is not in the table */
export function callEncodingNamed(name: CallEncodingName): CallEncoding {
  const found = callEncodings.find((encoding) => encoding.name === name);
  if (found === undefined) throw new Error(`no call encoding ${name}`);
  return found;
}
