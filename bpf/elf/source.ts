// Source lines and prototypes for the slots of a linked program, and the refusal of what only the kernel's own types
// could resolve.
import { BpfLoadError } from "../load-error.ts";
import { KIND_CONST, KIND_TYPEDEF, KIND_VOLATILE, Btf } from "./btf.ts";
import { BtfExt, type SourceLine } from "./btf-ext.ts";
import { prototypeOf } from "./btf-print.ts";
import type { ObjectFunction } from "./functions.ts";
import type { Elf } from "./reader.ts";
import type { SourceInfo } from "./types.ts";

// Kinds of CO-RE relocations whose value in the object holds for every kernel [Linux include/uapi/linux/bpf.h]: the
// local type's number.
const TYPE_ID_LOCAL = 6;
const FIELDS_END = 5;
const kinds =
  "offset size existence signedness shift shift - type type type enumerator enumerator type".split(" ");

// Structures that user space sees too, or that travel in packets: they look everywhere as in the object.
const STABLE =
  /^(__sk_buff|xdp_md|bpf_\w+|ethhdr|vlan_hdr|vlan_ethhdr|arphdr|iphdr|ipv6hdr|ipv6_opt_hdr|frag_hdr|in_addr|in6_addr|tcphdr|udphdr|icmphdr|icmp6hdr|sctphdr|gre_base_hdr|igmphdr)$/;

/** Debug information of an object, read when first asked for. */
export class Source {
  readonly #btf: Btf | undefined;
  readonly #ext: BtfExt | undefined;

  /** @throws BpfLoadError where .BTF or .BTF.ext is broken. */
  constructor(elf: Elf) {
    const [btf, ext] = [elf.section(".BTF"), elf.section(".BTF.ext")];
    this.#btf = btf === undefined ? undefined : new Btf(btf.data, elf.endian);
    this.#ext =
      ext === undefined || this.#btf === undefined ? undefined : new BtfExt(ext.data, elf.endian, this.#btf);
  }

  /** The object's types; undefined where it has none. */
  get btf(): Btf | undefined {
    return this.#btf;
  }

  /** What is known of the functions, which stand in the program from the slots given; undefined without information. */
  describe(placed: ReadonlyMap<ObjectFunction, number>): SourceInfo | undefined {
    const [btf, ext] = [this.#btf, this.#ext];
    if (btf === undefined || ext === undefined) return undefined;
    const prototypes = new Map<number, string>();
    const types = new Map<number, number>();
    const lines = new Map<number, SourceLine>();
    for (const [f, start] of placed) {
      const section = f.code.section.name;
      const inside = (slot: number): boolean => slot >= f.start && slot < f.start + f.length;
      for (const { slot, words } of ext.functions.get(section) ?? []) {
        const prototype = slot === f.start ? prototypeOf(btf, words[0]) : undefined;
        if (prototype === undefined) continue;
        prototypes.set(start, prototype);
        types.set(start, words[0]);
      }
      for (const { slot, words } of ext.lines.get(section) ?? []) {
        if (!inside(slot)) continue;
        const [file, text, place] = words;
        const at = { line: place >>> 10, column: place & 0x3ff };
        lines.set(start + slot - f.start, {
          text: btf.text(text).trimStart(),
          file: btf.string(file),
          ...at,
        });
      }
      for (const { slot, words } of ext.relocations.get(section) ?? [])
        if (inside(slot)) this.#checkRelocation(btf, f, slot, words);
    }
    return { prototypes, types, btf, lines };
  }

  #checkRelocation(btf: Btf, f: ObjectFunction, slot: number, [type, , kind]: readonly number[]): void {
    if (kind === undefined || kind === TYPE_ID_LOCAL) return;
    const name = rootName(btf, type ?? 0);
    if (kind <= FIELDS_END && STABLE.test(name)) return;
    throw new BpfLoadError(
      `function ${f.name} in section ${f.code.section.name}, instruction ${slot - f.start}: CO-RE relocation ` +
        `(${kinds[kind] ?? `kind ${kind}`}) of ${name} needs the kernel's own types, which are not modelled`,
      "EOPNOTSUPP",
    );
  }
}

function rootName(btf: Btf, type: number): string {
  let t = btf.type(type);
  for (let depth = 0; t !== undefined && depth < 16; depth++) {
    if (![KIND_TYPEDEF, KIND_CONST, KIND_VOLATILE].includes(t.kind)) break;
    t = btf.type(t.sizeOrType);
  }
  // `struct iphdr___old` is another version's iphdr.
  return (t?.name ?? "void").replace(/___.*$/, "");
}
