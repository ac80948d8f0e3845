// printk and the sprintf family for modules. The format is format.ts's work, the log log.ts's.
import { u64, type U64 } from "../../word/long.ts";
import { MemoryFault } from "../../bpf/memory.ts";
import type { Caller, FunctionResult } from "../caller.ts";
import { isErrorPointer } from "../hashed-pointer.ts";
import { symbolText, type Resolved } from "../kallsyms.ts";
import type { Kernel, KernelFunction } from "../kernel.ts";
import { DEFAULT_LEVEL } from "../log.ts";
import { cString, format } from "./format.ts";

const LONGEST_FORMAT = 4096;
/** What stands before a level in a format. @linux include/linux/kern_levels.h KERN_SOH */
const SOH = "\u0001";

/** `printk(fmt, …)`: logs; the number of characters without level and last line end. @linux kernel/printk/printk.c printk_sprint */
function printk(kernel: Kernel, symbol: string): KernelFunction {
  return {
    symbol,
    exported: true,
    call: (_args, caller) => {
      const text = formatted(kernel, caller, 0);
      if (text instanceof MemoryFault) return text;
      const { level, rest } = takeLevel(text);
      kernel.log.print(level, rest);
      return u64(rest.replace(/\n$/, "").length);
    },
  };
}

/** Levels before the text; the last that is there counts. */
function takeLevel(text: string): { readonly level: number | "continue"; readonly rest: string } {
  let level: number | "continue" = DEFAULT_LEVEL;
  let rest = text;
  while (rest.startsWith(SOH) && rest.length > 1) {
    const mark = rest.charAt(1);
    if (mark >= "0" && mark <= "7") level = Number(mark);
    else if (mark === "c") level = "continue";
    rest = rest.slice(2);
  }
  return { level, rest };
}

/** The text of a format at argument `n` and the arguments behind it. */
export function formatted(kernel: Kernel, caller: Caller, n: number): string | MemoryFault {
  const address = caller.argument(n);
  if (address instanceof MemoryFault) return address;
  const text = cString(kernel, address, LONGEST_FORMAT);
  if (text instanceof MemoryFault) return text;
  let used = n;
  return format(text, {
    memory: kernel,
    next: () => caller.argument(++used),
    symbol: (at, withOffset) => symbolAt(kernel, at, withOffset),
    pointer: (at) => kernel.pointerHash.printed(at, kernel.layout.version),
    noString: (at) => noString(kernel, at),
  });
}

/** An address as `%pS` prints it, without the offset as `%ps`. @linux lib/vsprintf.c symbol_string */
export function symbolAt(kernel: Kernel, address: U64, withOffset: boolean): string {
  const found = kernel.abi === "elfv1" ? behindDescriptor(kernel, address) : kernel.kallsyms.lookup(address);
  if (found === undefined) return `0x${address.toString(16)}`;
  if (withOffset) return symbolText(found);
  return found.module === undefined ? found.name : `${found.name} [${found.module}]`;
}

/** The function that an address is in, or the one that it is the descriptor of; named without the dot of its code. */
function behindDescriptor(kernel: Kernel, address: U64): Resolved | undefined {
  const { kallsyms } = kernel;
  const own = kallsyms.lookup(address);
  if (own === undefined) return undefined;
  const code = kernel.load(own.address, 8);
  const entry = code instanceof MemoryFault ? undefined : kallsyms.lookup(code);
  const found = entry?.name === `.${own.name}` ? entry : own;
  return { ...found, name: found.name.replace(/^\./, "") };
}

/** What `%s` prints for an address that is none. @linux lib/vsprintf.c check_pointer_msg; in 4.15 string */
function noString({ layout, pages }: Kernel, address: U64): string | undefined {
  const isLow = address.lt(pages.pageBytes);
  if (layout.version.plainPointers === "(null)") return isLow ? "(null)" : undefined;
  if (address.isZero()) return "(null)";
  return isLow || isErrorPointer(address) ? "(efault)" : undefined;
}

/** Writes text and a NUL; at most `room` bytes, what does not fit is left out. */
function writeText(kernel: Kernel, to: U64, room: number, text: string): MemoryFault | undefined {
  if (room <= 0) return undefined;
  const kept = text.slice(0, room - 1);
  const bytes = Uint8Array.from({ length: kept.length + 1 }, (_, i) => kept.charCodeAt(i) || 0);
  return kernel.write(to, bytes);
}

/**
 * `sprintf(to, fmt, …)` and, with a size behind `to`, snprintf and scnprintf.
 * @param result from the text's length and the room, NUL included, to what is returned
 */
function printer(
  kernel: Kernel,
  symbol: string,
  hasSize: boolean,
  result: (length: number, room: number) => number,
): KernelFunction {
  return {
    symbol,
    exported: true,
    call: ([to, size], caller): FunctionResult => {
      const text = formatted(kernel, caller, hasSize ? 2 : 1);
      if (text instanceof MemoryFault) return text;
      const room = hasSize && size.lt(u64(Number.MAX_SAFE_INTEGER)) ? size.toNumber() : Infinity;
      return writeText(kernel, to, room, text) ?? u64(result(text.length, room));
    },
  };
}

export function printFunctions(kernel: Kernel): readonly KernelFunction[] {
  return [
    printk(kernel, "printk"),
    printk(kernel, "_printk"),
    printer(kernel, "sprintf", false, (length) => length),
    printer(kernel, "snprintf", true, (length) => length),
    printer(kernel, "scnprintf", true, (length, room) => Math.min(length, Math.max(room - 1, 0))),
  ];
}
