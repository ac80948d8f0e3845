// Trampolines of a module: `bl` reaches 32 MiB, the kernel is further away, and each side has its own TOC.
// Laid out as Linux lays them; when one is wanted is calls.ts's decision.
import { hex64, type U64 } from "../../word/long.ts";
import { encode } from "../../cpu/isa/encode.ts";
import type { Abi } from "../text.ts";
import type { LinuxVersion } from "../version.ts";
import { store64 } from "./image.ts";
import { fitsSigned, ha, lo } from "./immediate.ts";

/** Where r2 is saved in the caller's frame [ELFv2 2.2.2.1; ELFv1 3.2.1]. */
export const R2_SAVE: Readonly<Record<Abi, number>> = { elfv2: 24, elfv1: 40 };

/**
 * How a stub gets at its data: off the module's TOC in r2, which it saves; or, in a module without TOC, off the program counter.
 * @linux arch/powerpc/kernel/module_64.c ppc64_stub_insns
 */
export type StubKind = "toc" | "pcrel";

/** What a stub branches to: on ELFv1 what the descriptor says, on ELFv2 only `code` counts. */
export interface StubTarget {
  /** As a C pointer. */
  readonly pointer: U64;
  readonly code: U64;
  readonly toc: U64;
}

export interface Stub {
  readonly address: U64;
  readonly kind: StubKind;
  /** The symbol that was called when it was made. */
  readonly symbol: string;
  readonly target: StubTarget;
}

/** Bytes of a stub's code, magic number included. */
export const STUB_CODE_BYTES = 32;
const MAGIC_AT = 28;
/** "stub" */
const STUB_MAGIC = 0x7374_7562;
/** First word of `pld RT,D(0),1`; the low 18 bits are the upper part of D [Power ISA v3.1 I 3.3.2.1]. */
const PLD_PREFIX = 0x0410_0000;
const PLD_R12 = 0xe580_0000;

/**
 * Bytes of one stub: code, magic number, function descriptor.
 * @linux arch/powerpc/kernel/module_64.c ppc64_stub_entry
 */
export function stubBytes(abi: Abi, version: LinuxVersion): number {
  return STUB_CODE_BYTES + (abi === "elfv2" ? 8 : version.module.stubDescriptorBytes);
}

export interface StubsOptions {
  readonly abi: Abi;
  readonly version: LinuxVersion;
  readonly little: boolean;
  /** Of the first stub, a multiple of 8. */
  readonly address: U64;
  /** Their memory. */
  readonly view: DataView;
  /** r2 in the module. */
  readonly toc: U64;
}

/** The stubs of one module; each is made at the first call of its target. */
export class Stubs {
  readonly entries: Stub[] = [];
  readonly #options: StubsOptions;
  /** By kind and code that they lead to. */
  readonly #addresses = new Map<string, U64>();

  constructor(options: StubsOptions) {
    this.#options = options;
  }

  /** Address of the stub for a target; undefined where no room is left or the TOC is out of reach. */
  stubFor(target: StubTarget, kind: StubKind, symbol: string): U64 | undefined {
    const key = `${kind} ${hex64(target.code)}`;
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    const { abi, version, little, address, view, toc } = this.#options;
    const bytes = stubBytes(abi, version);
    const offset = this.entries.length * bytes;
    if (offset + bytes > view.byteLength) return undefined;
    const stub = { address: address.add(offset), kind, symbol, target };
    const words = kind === "pcrel" ? pcrelWords() : tocWords(abi, stub.address.sub(toc));
    if (words === undefined) return undefined;
    words.forEach((word, i) => {
      view.setUint32(offset + 4 * i, word, little);
    });
    view.setUint32(offset + MAGIC_AT, STUB_MAGIC, little);
    const data = abi === "elfv2" ? [target.code] : [target.code, target.toc];
    data.forEach((value, i) => {
      store64(view, offset + STUB_CODE_BYTES + 8 * i, value, little);
    });
    this.entries.push(stub);
    this.#addresses.set(key, stub.address);
    return stub.address;
  }
}

const MTCTR_R12 = encode("mtspr", { SPR: 9, RS: 12 });
const BCTR = encode("bcctr", { BO: 20 });

function pcrelWords(): readonly number[] {
  return [PLD_PREFIX, PLD_R12 | STUB_CODE_BYTES, MTCTR_R12, BCTR];
}

function tocWords(abi: Abi, distance: U64): readonly number[] | undefined {
  if (!fitsSigned(distance, 32)) return undefined;
  return [
    encode("addis", { RT: 11, RA0: 2, SI: ha(distance) }),
    encode("addi", { RT: 11, RA0: 11, SI: lo(distance) }),
    encode("std", { RS: 2, RA0: 1, DS: R2_SAVE[abi] }),
    encode("ld", { RT: 12, RA0: 11, DS: STUB_CODE_BYTES }),
    ...(abi === "elfv1" ? [encode("ld", { RT: 2, RA0: 11, DS: STUB_CODE_BYTES + 8 })] : []),
    MTCTR_R12,
    BCTR,
  ];
}
