// bpf_trace_printk: checks and carries out a format as Linux does, one message a call.
import type { U64 } from "../../word/long.ts";
import { hex64, u64 } from "../../word/long.ts";
import { negative } from "../errno.ts";
import { MemoryFault, type KernelMemory } from "../memory.ts";
import type { Helper, HelperContext } from "./context.ts";
import { readBytes } from "./read.ts";

/** Most characters of one message, the ending NUL included. @linux kernel/trace/bpf_trace.c BPF_TRACE_PRINTK_SIZE */
const MESSAGE_BYTES = 1024;
const MOST_ARGUMENTS = 3;

/** A conversion: flags and width, length modifier, letter. */
const conversion = /%(?:%|([-+ #0]*)(\d*)(ll|l|h|hh)?([diuxXcps])([A-Za-z]*))/y;

/** The message, undefined where the format is one that Linux refuses with -EINVAL. */
type Message = string | undefined | MemoryFault;

/** @param format without its NUL */
function formatMessage(context: HelperContext, format: string, values: readonly U64[]): Message {
  let message = "";
  let used = 0;
  for (let at = 0; at < format.length;) {
    const code = format.charCodeAt(at);
    if (code > 0x7e || (code < 0x20 && !(code >= 0x09 && code <= 0x0d))) return undefined;
    if (format[at] !== "%") {
      message += format.charAt(at++);
      continue;
    }
    conversion.lastIndex = at;
    const match = conversion.exec(format);
    if (match === null) return undefined;
    const [text, flags = "", width = "", length = "", letter, suffix = ""] = match;
    if (letter === undefined) {
      message += "%";
      at += text.length;
      continue;
    }
    const value = values[used++];
    if (value === undefined) return undefined;
    const taken = letter === "p" ? pointerSuffix(suffix) : "";
    if (taken === undefined) return undefined;
    const piece = convert(context, letter, { flags, length, suffix: taken }, value);
    if (typeof piece !== "string") return piece;
    message += pad(piece, flags, Math.min(Number(width), MESSAGE_BYTES));
    at += text.length - suffix.length + taken.length;
  }
  return message.slice(0, MESSAGE_BYTES - 1);
}

/** The letters after %p that belong to it; undefined for those that are refused. */
function pointerSuffix(suffix: string): string | undefined {
  if (suffix === "") return "";
  if (suffix.startsWith("ks") || suffix.startsWith("us")) return suffix.slice(0, 2);
  return ["x", "K", "B", "S", "s"].includes(suffix.charAt(0)) ? suffix.charAt(0) : undefined;
}

interface Conversion {
  readonly flags: string;
  readonly length: string;
  readonly suffix: string;
}

function convert(context: HelperContext, letter: string, how: Conversion, value: U64): Message {
  switch (letter) {
    case "s":
      return cString(context.memory, value);
    case "c":
      return String.fromCharCode(value.low & 0xff);
    case "p":
      return pointer(context, how.suffix, value);
    default:
      return integer(letter, how, value);
  }
}

/** @linux lib/vsprintf.c pointer, with kernel.kptr_restrict=0 */
function pointer(context: HelperContext, suffix: string, value: U64): string {
  switch (suffix) {
    case "ks":
    case "us":
      return cString(context.memory, value);
    case "x":
      return hex64(value).slice(2);
    case "S":
    case "B":
    case "s":
      return context.pointerText(value, suffix);
    default:
      return context.pointerText(value, "");
  }
}

/** Without length 32 bits; `l` and `ll` are both 64. */
function integer(letter: string, { flags, length }: Conversion, value: U64): string {
  const long = length.startsWith("l");
  if (letter === "d" || letter === "i") {
    const text = long ? value.toSigned().toString() : String(value.low | 0);
    return flags.includes("+") && !text.startsWith("-") ? `+${text}` : text;
  }
  const bits = long ? value : value.and(u64(0xffff_ffff));
  if (letter === "u") return bits.toString();
  const digits = bits.toString(16);
  const prefixed = flags.includes("#") ? `0x${digits}` : digits;
  return letter === "X" ? prefixed.toUpperCase() : prefixed;
}

function pad(text: string, flags: string, width: number): string {
  if (flags.includes("-")) return text.padEnd(width);
  if (!flags.includes("0")) return text.padStart(width);
  const sign = /^[+-]?(?:0[xX])?/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (b) => String.fromCharCode(b)).join("");

/** Bytes up to a NUL; as in the kernel an address that cannot be read gives nothing rather than a fault. */
function cString(memory: KernelMemory, address: U64): string {
  let text = "";
  for (let i = 0; i < MESSAGE_BYTES; i++) {
    const byte = memory.load(address.add(i), 1);
    if (byte instanceof MemoryFault || byte.low === 0) break;
    text += String.fromCharCode(byte.low);
  }
  return text;
}

/**
 * Returns the number of characters of the message.
 * @linux kernel/trace/bpf_trace.c bpf_trace_printk
 */
export const traceHelper: Helper = {
  id: 6,
  name: "trace_printk",
  symbol: "bpf_trace_printk",
  call(context, format, size, ...values) {
    const { memory } = context;
    const bytes = readBytes(memory, format, size.low >>> 0);
    if (bytes instanceof MemoryFault) return bytes;
    if (bytes.at(-1) !== 0) return negative("EINVAL");
    const end = bytes.indexOf(0);
    const text = latin1(bytes.subarray(0, Math.min(end, MESSAGE_BYTES)));
    const message = formatMessage(context, text, values.slice(0, MOST_ARGUMENTS));
    if (message instanceof MemoryFault) return message;
    if (message === undefined) return negative("EINVAL");
    context.trace(message);
    return u64(message.length);
  },
};
