// BTF, the types of an object: read as far as definitions of maps and prototypes of functions need it [Linux Documentation/bpf/btf.rst].
import type { Endian } from "../insn.ts";
import { BpfLoadError } from "../load-error.ts";
import { Reader } from "./reader.ts";

const MAGIC = 0xeb9f;

export const KIND_INT = 1;
export const KIND_PTR = 2;
export const KIND_ARRAY = 3;
export const KIND_STRUCT = 4;
export const KIND_UNION = 5;
export const KIND_ENUM = 6;
export const KIND_FWD = 7;
export const KIND_TYPEDEF = 8;
export const KIND_VOLATILE = 9;
export const KIND_CONST = 10;
export const KIND_RESTRICT = 11;
export const KIND_FUNC = 12;
export const KIND_FUNC_PROTO = 13;
const KIND_VAR = 14;
const KIND_DATASEC = 15;
export const KIND_FLOAT = 16;
const KIND_DECL_TAG = 17;
const KIND_TYPE_TAG = 18;
export const KIND_ENUM64 = 19;

// Bytes behind the 12 of each type: fixed, and for each of the `vlen` members. A kind that is not here has none.
const fixedBytes: ReadonlyMap<number, number> = new Map([
  [KIND_INT, 4],
  [KIND_ARRAY, 12],
  [KIND_VAR, 4],
  [KIND_DECL_TAG, 4],
]);
const memberBytes: ReadonlyMap<number, number> = new Map([
  [KIND_STRUCT, 12],
  [KIND_UNION, 12],
  [KIND_ENUM, 8],
  [KIND_FUNC_PROTO, 8],
  [KIND_DATASEC, 12],
  [KIND_ENUM64, 12],
]);

export interface BtfMember {
  readonly name: string;
  readonly type: number;
  /** Bits from the structure's start; 0 for variables of a section and parameters of a function. */
  readonly offsetBits: number;
}

export interface BtfType {
  readonly kind: number;
  readonly name: string;
  /** The kind's own bit: for KIND_FWD, whether it is a union. */
  readonly flag: boolean;
  /** Bytes, or the number of the type that this one refers to. */
  readonly sizeOrType: number;
  readonly members: readonly BtfMember[];
  readonly array: { readonly type: number; readonly elements: number } | undefined;
  /** Of an integer, whether it has a sign. */
  readonly isSigned: boolean;
}

/** Bit of an integer's encoding [Linux include/uapi/linux/btf.h BTF_INT_SIGNED]. */
const INT_SIGNED = 1 << 24;

/** Types by number; 0 is void. */
export class Btf {
  readonly #types: readonly (BtfType | undefined)[];
  readonly #strings: Reader;

  /** @throws BpfLoadError where the section is broken. */
  constructor(bytes: Uint8Array, endian: Endian) {
    const reader = new Reader(bytes, endian, "section .BTF");
    this.#strings = stringsOf(reader);
    this.#types = readTypes(reader, this.#strings);
  }

  /** A string of the section, by offset. */
  string(offset: number): string {
    return this.#strings.string(offset);
  }

  /** A line of source text, by offset. */
  text(offset: number): string {
    return this.#strings.text(offset);
  }

  /** The type of this number as it stands there; undefined for void and for numbers that no type has. */
  type(number: number): BtfType | undefined {
    return this.#types[number];
  }

  /** Variables of the section of this name, each with the number of its type. */
  variables(section: string): readonly { readonly name: string; readonly type: number }[] {
    const datasec = this.#types.find((t) => t?.kind === KIND_DATASEC && t.name === section);
    return (datasec?.members ?? []).flatMap(({ type }) => {
      const variable = this.#types[type];
      return variable?.kind === KIND_VAR ? [{ name: variable.name, type: variable.sizeOrType }] : [];
    });
  }

  /** Functions that the section of this name declares: externs, for the kernel's or another object's. */
  functions(section: string): readonly BtfType[] {
    const datasec = this.#types.find((t) => t?.kind === KIND_DATASEC && t.name === section);
    return (datasec?.members ?? []).flatMap(({ type }) => {
      const found = this.#types[type];
      return found?.kind === KIND_FUNC ? [found] : [];
    });
  }

  /** The function of this name, whether it is declared or defined. */
  function(name: string): BtfType | undefined {
    return this.#types.find((t) => t?.kind === KIND_FUNC && t.name === name);
  }

  /** The type without qualifiers and typedefs; undefined for void, and for chains of them that do not end. */
  plain(type: number): BtfType | undefined {
    return this.#resolve(type);
  }

  /** Members of a structure, qualifiers and typedefs looked through; undefined for what is none. */
  members(type: number): readonly BtfMember[] | undefined {
    const struct = this.#resolve(type);
    return struct?.kind === KIND_STRUCT ? struct.members : undefined;
  }

  /** What a pointer points to; undefined for what is none. */
  pointee(type: number): number | undefined {
    const pointer = this.#resolve(type);
    return pointer?.kind === KIND_PTR ? pointer.sizeOrType : undefined;
  }

  /** Element type and count of an array; undefined for what is none. */
  array(type: number): { readonly type: number; readonly elements: number } | undefined {
    return this.#resolve(type)?.array;
  }

  /** Whether the type is that of a function. */
  isFunction(type: number): boolean {
    return this.#resolve(type)?.kind === KIND_FUNC_PROTO;
  }

  /** Bytes of a value of the type; undefined where it has no size. */
  sizeOf(type: number, depth = 0): number | undefined {
    const t = this.#resolve(type);
    if (t === undefined || depth > 32) return undefined;
    switch (t.kind) {
      case KIND_INT:
      case KIND_STRUCT:
      case KIND_UNION:
      case KIND_ENUM:
      case KIND_ENUM64:
      case KIND_FLOAT:
        return t.sizeOrType;
      case KIND_PTR:
        return 8;
      case KIND_ARRAY: {
        const element = t.array === undefined ? undefined : this.sizeOf(t.array.type, depth + 1);
        const bytes = (element ?? NaN) * (t.array?.elements ?? 0);
        return bytes <= 0xffff_ffff ? bytes : undefined;
      }
      default:
        return undefined;
    }
  }

  #resolve(type: number): BtfType | undefined {
    let t = this.#types[type];
    for (let depth = 0; t !== undefined && depth < 32; depth++) {
      if (![KIND_TYPEDEF, KIND_VOLATILE, KIND_CONST, KIND_RESTRICT, KIND_TYPE_TAG].includes(t.kind)) return t;
      t = this.#types[t.sizeOrType];
    }
    return undefined;
  }
}

function stringsOf(reader: Reader): Reader {
  if (reader.u16(0) !== MAGIC)
    throw new BpfLoadError(`section .BTF: magic 0x${reader.u16(0).toString(16)} is not 0xeb9f`);
  const header = reader.u32(4);
  return new Reader(
    reader.slice(header + reader.u32(16), reader.u32(20)),
    reader.little ? "le" : "be",
    "strings of section .BTF",
  );
}

function readTypes(reader: Reader, strings: Reader): readonly (BtfType | undefined)[] {
  const header = reader.u32(4);
  const start = header + reader.u32(8);
  const end = start + reader.u32(12);
  const types: (BtfType | undefined)[] = [undefined];
  for (let at = start; at < end;) {
    const info = reader.u32(at + 4);
    const kind = (info >>> 24) & 0x1f;
    const vlen = info & 0xffff;
    if (kind === 0 || kind > KIND_ENUM64)
      throw new BpfLoadError(`section .BTF: type ${types.length} is of unknown kind ${kind}`);
    const body = at + 12;
    const each = memberBytes.get(kind) ?? 0;
    const next = body + (fixedBytes.get(kind) ?? 0) + each * vlen;
    if (next > end)
      throw new BpfLoadError(`section .BTF: type ${types.length} is beyond the end of the types at ${end}`);
    // Bit 31: the offsets of members have the size of a bit field in their upper 8 bits.
    const offsetMask = info >>> 31 === 1 ? 0xff_ffff : 0xffff_ffff;
    const isStruct = kind === KIND_STRUCT || kind === KIND_UNION;
    const isNamed = kind === KIND_FUNC_PROTO;
    const hasMembers = isStruct || isNamed || kind === KIND_DATASEC;
    types.push({
      kind,
      name: strings.string(reader.u32(at)),
      flag: info >>> 31 === 1,
      sizeOrType: reader.u32(at + 8),
      isSigned: kind === KIND_INT && (reader.u32(body) & INT_SIGNED) !== 0,
      array: kind === KIND_ARRAY ? { type: reader.u32(body), elements: reader.u32(body + 8) } : undefined,
      members: !hasMembers
        ? []
        : Array.from({ length: vlen }, (_, i) => {
            const m = body + i * each;
            return isStruct
              ? {
                  name: strings.string(reader.u32(m)),
                  type: reader.u32(m + 4),
                  offsetBits: (reader.u32(m + 8) & offsetMask) >>> 0,
                }
              : isNamed
                ? { name: strings.string(reader.u32(m)), type: reader.u32(m + 4), offsetBits: 0 }
                : { name: "", type: reader.u32(m), offsetBits: 0 };
          }),
    });
    at = next;
  }
  return types;
}
