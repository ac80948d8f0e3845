// An oops in one line: what the processor could not do, where. The whole text is the kernel's (kernel/oops-text.ts).
import { symbolText } from "../../kernel/kallsyms.ts";
import type { Oops } from "../../kernel/oops.ts";
import { hex64 } from "../../word/long.ts";

const STORE = 0x0200_0000;

/** `instruction fetch at 0x…`, and the symbol there if there is one; without a line end. */
export function oopsLine(oops: Oops): string {
  const { nip, symbol } = oops;
  const at = `at ${hex64(nip)}${symbol === undefined ? "" : ` <${symbolText(symbol)}>`}`;
  return `${what(oops)} ${at}`;
}

function what({ trap, dar, dsisr, detail }: Oops): string {
  switch (trap) {
    case 0x400:
    case 0x480:
      return "instruction fetch";
    case 0x300:
    case 0x380:
      return `${(dsisr & STORE) === 0 ? "load from" : "store to"} ${hex64(dar)}`;
    case 0x600:
      return `unaligned access to ${hex64(dar)}`;
    case 0x700:
      return "program check";
    case 0xe40:
      return "illegal instruction";
    default:
      return detail ?? `interrupt 0x${trap.toString(16)}`;
  }
}
