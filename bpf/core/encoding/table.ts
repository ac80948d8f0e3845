// Every call encoding. A new one is a file and a line here.
import { BpfLoadError } from "../../load-error.ts";
import { auxFunc } from "./aux-func.ts";
import type { CallEncoding, CallEncodingName } from "./encoding.ts";
import { calleeList } from "./callee-list.ts";
import { imm32 } from "./imm32.ts";
import { imm48 } from "./imm48.ts";
import { progId } from "./prog-id.ts";

/** In the order of docs/call-encodings.md. */
export const callEncodings: readonly CallEncoding[] = [imm32, imm48, calleeList, auxFunc, progId];

/** @throws BpfLoadError EINVAL for a name that is not in the table */
export function callEncodingNamed(name: CallEncodingName): CallEncoding {
  const found = callEncodings.find((encoding) => encoding.name === name);
  if (found === undefined)
    throw new BpfLoadError(
      `no call encoding ${name}; there are ${callEncodings.map((one) => one.name).join(", ")}`,
    );
  return found;
}
