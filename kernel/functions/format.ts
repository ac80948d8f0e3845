// printk's and sprintf's formats, as Linux's vsnprintf carries them out. Where the text goes is the callers' business.
// @linux lib/vsprintf.c vsnprintf
import { hex64, type U64 } from "../../word/long.ts";
import { MemoryFault, type KernelMemory } from "../../bpf/memory.ts";

export interface FormatSource {
  readonly memory: KernelMemory;
  /** The next argument. */
  readonly next: () => U64 | MemoryFault;
  /** `%pS`: name and offset, `%ps`: the name alone; of the code behind an ELFv1 descriptor too. */
  readonly symbol: (address: U64, withOffset: boolean) => string;
  /** `%p`: what stands for an address. */
  readonly pointer: (address: U64) => string;
  /** `%s`: what is printed for an address that is none of a string; undefined where it is to be read. */
  readonly noString: (address: U64) => string | undefined;
}

/** Most characters of one text. */
const LONGEST = 4096;

const conversion = /%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?(hh|h|ll|l|z|t|j|L)?(p[xKSsBfF]?|[diouxXcsn%])/y;

interface Spec {
  readonly flags: string;
  readonly width: number;
  /** Undefined where none is given. */
  readonly precision: number | undefined;
  readonly length: string;
  readonly letter: string;
}

/**
 * The text as Latin-1 characters, one a byte; what is no conversion stays as it stands.
 * @returns MemoryFault where an argument or a string cannot be read
 */
export function format(text: string, source: FormatSource): string | MemoryFault {
  let out = "";
  for (let at = 0; at < text.length && out.length < LONGEST;) {
    conversion.lastIndex = at;
    const match = text[at] === "%" ? conversion.exec(text) : null;
    if (match === null) {
      out += text.charAt(at++);
      continue;
    }
    at += match[0].length;
    const piece = convertMatch(match, source);
    if (piece instanceof MemoryFault) return piece;
    out += piece;
  }
  return out.slice(0, LONGEST);
}

function convertMatch(match: RegExpExecArray, source: FormatSource): string | MemoryFault {
  const [, ownFlags = "", widthText, precisionText, length = "", letter = "%"] = match;
  if (letter === "%") return "%";
  const width = numberOr(widthText, source);
  if (width instanceof MemoryFault) return width;
  const precision = numberOr(precisionText, source);
  if (precision instanceof MemoryFault) return precision;
  const value = source.next();
  if (value instanceof MemoryFault) return value;
  const flags = width !== undefined && width < 0 ? `${ownFlags}-` : ownFlags;
  const spec: Spec = {
    flags,
    width: Math.min(Math.abs(width ?? 0), LONGEST),
    precision: precision !== undefined && precision < 0 ? undefined : precision,
    length,
    letter,
  };
  return convert(spec, value, source);
}

/** A number that stands in the format, or `*`: the next argument's int. */
function numberOr(text: string | undefined, source: FormatSource): number | undefined | MemoryFault {
  if (text === undefined) return undefined;
  if (text !== "*") return Number(text);
  const value = source.next();
  return value instanceof MemoryFault ? value : value.low;
}

function convert(spec: Spec, value: U64, source: FormatSource): string | MemoryFault {
  const { letter, precision = LONGEST } = spec;
  switch (letter.charAt(0)) {
    case "c":
      return padded(String.fromCharCode(value.low & 0xff), spec);
    case "s": {
      const text = source.noString(value)?.slice(0, precision) ?? cString(source.memory, value, precision);
      return text instanceof MemoryFault ? text : padded(text, spec);
    }
    case "p":
      return padded(pointer(spec, value, source), spec);
    default:
      return padded(integer(spec, value), spec);
  }
}

function pointer({ letter, width }: Spec, value: U64, source: FormatSource): string {
  // 16 digits, unless a width is given.
  const digits = (text: string): string => (width === 0 ? text : text.replace(/^0+(?=.)/, ""));
  switch (letter) {
    case "px":
      return digits(hex64(value).slice(2));
    case "pS":
    case "pB":
    case "pF":
      return source.symbol(value, true);
    case "ps":
    case "pf":
      return source.symbol(value, false);
    default:
      return digits(source.pointer(value));
  }
}

/** Bits of the argument that count. */
function bitsOf(length: string): 8 | 16 | 32 | 64 {
  if (length === "hh") return 8;
  if (length === "h") return 16;
  return length === "" ? 32 : 64;
}

function integer({ letter, length, flags, precision }: Spec, value: U64): string {
  const unused = 64 - bitsOf(length);
  const isSigned = letter === "d" || letter === "i";
  const bits = isSigned ? value.shl(unused).toSigned().shr(unused) : value.shl(unused).shru(unused);
  if (isSigned) {
    const digits = bits
      .toString()
      .replace("-", "")
      .padStart(precision ?? 1, "0");
    const sign = bits.isNegative() ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
    return sign + digits;
  }
  const base = letter === "u" ? 10 : letter === "o" ? 8 : 16;
  const digits = bits.toString(base).padStart(precision ?? 1, "0");
  const hasPrefix = flags.includes("#") && (base === 16 || (base === 8 && !bits.isZero()));
  const prefix = hasPrefix ? (base === 16 ? "0x" : "0") : "";
  return letter === "X" ? (prefix + digits).toUpperCase() : prefix + digits;
}

/** Unlike C's, Linux's numbers with a precision are padded with zeros too. @linux lib/vsprintf.c number */
function padded(text: string, { flags, width, letter }: Spec): string {
  if (flags.includes("-")) return text.padEnd(width);
  if (!flags.includes("0") || "sc".includes(letter)) return text.padStart(width);
  const lead = /^[-+ ]?(?:0[xX])?/.exec(text)?.[0] ?? "";
  return lead + text.slice(lead.length).padStart(width - lead.length, "0");
}

/** Bytes up to a NUL or the limit. */
export function cString(memory: KernelMemory, address: U64, limit: number): string | MemoryFault {
  let text = "";
  for (let i = 0; i < Math.min(limit, LONGEST); i++) {
    const byte = memory.load(address.add(i), 1);
    if (byte instanceof MemoryFault) return byte;
    if (byte.low === 0) break;
    text += String.fromCharCode(byte.low);
  }
  return text;
}
