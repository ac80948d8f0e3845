// Where a `bl` of a module has to go: straight to a function that shares its TOC, else to a stub, with r2 reloaded behind it.
import { hex64, ZERO, type U64 } from "../../word/long.ts";
import { encode } from "../../cpu/isa/encode.ts";
import type { Abi } from "../text.ts";
import { ModuleError, noExec } from "./error.ts";
import { localOffset } from "./functions.ts";
import type { ModuleImage } from "./image.ts";
import { R2_SAVE, type Stubs, type StubTarget } from "./stubs.ts";
import type { ResolvedSymbol } from "./symbols.ts";

export interface CallContext {
  readonly name: string;
  readonly abi: Abi;
  readonly image: ModuleImage;
  readonly stubs: Stubs;
  /** The function descriptor at an address; undefined where memory has none. */
  readonly descriptor: (address: U64) => StubTarget | undefined;
}

/** A call instruction. */
export interface CallSite {
  readonly view: DataView;
  /** Of the branch, bytes in the view. */
  readonly offset: number;
  readonly address: U64;
  /** Whether its function uses r2. */
  readonly caller: "toc" | "notoc";
}

export const NOP = encode("ori", { RA: 0, RS: 0, UI: 0 });
/** The opcode and LK of `bl`, without where it goes. */
const LINK_BRANCH = 0xfc00_0003;
const BL = 0x4800_0001;

/**
 * The address to branch to for a function.
 * @param target value of the symbol and addend
 * @throws ModuleError ENOEXEC where no nop follows that r2 could be reloaded in, ENOENT where no stub can be had
 * @linux arch/powerpc/kernel/module_64.c stub_for_addr, restore_r2
 */
export function branchTarget(context: CallContext, symbol: ResolvedSymbol, target: U64, site: CallSite): U64 {
  if (!symbol.isExternal && sharesToc(context, symbol, site)) return localTarget(context, symbol, target);
  const { name, abi, image, stubs } = context;
  const called = abi === "elfv2" ? plainTarget(target) : descriptorAt(context, symbol, target);
  const stub = stubs.stubFor(called, site.caller === "toc" ? "toc" : "pcrel", symbol.name);
  if (stub === undefined) throw new ModuleError("ENOENT", `${name}: no stub for ${symbol.name} can be had`);
  if (site.caller === "toc") restoreR2(name, abi, site, image.little);
  return stub;
}

/** Bits of st_other that say where the local entry point is [ELFv2 3.4.1]. */
function localEntryCode(other: number): number {
  return other >>> 5;
}

/** A function that leaves r2 alone has code 0, one that destroys it 1; from 2 on it has a prologue that makes it out of r12. */
function sharesToc({ abi }: CallContext, { other }: ResolvedSymbol, { caller }: CallSite): boolean {
  if (abi === "elfv1") return true;
  const code = localEntryCode(other);
  return caller === "toc" ? code !== 1 : code <= 1;
}

function localTarget(context: CallContext, symbol: ResolvedSymbol, target: U64): U64 {
  if (context.abi === "elfv2") {
    return target.add(localOffset(symbol.other));
  }
  const section = symbol.section === undefined ? undefined : context.image.sections.get(symbol.section);
  // Where the compiler makes no dot-symbols the function's name is its descriptor's, and the linker's work is left to us.
  return section?.name === ".opd" ? descriptorAt(context, symbol, target).code : target;
}

function plainTarget(pointer: U64): StubTarget {
  return { pointer, code: pointer, toc: ZERO };
}

function descriptorAt({ name, descriptor }: CallContext, symbol: ResolvedSymbol, address: U64): StubTarget {
  // A weak symbol that nobody has: the call may stand in code that does not run.
  if (address.isZero()) return plainTarget(address);
  const found = descriptor(address);
  if (found !== undefined) return found;
  throw noExec(`${name}: no function descriptor of ${symbol.name} at ${hex64(address)}`);
}

/** Turns the nop behind a call into the load of r2; a branch that does not come back needs none. */
function restoreR2(name: string, abi: Abi, { view, offset, address }: CallSite, little: boolean): void {
  if ((view.getUint32(offset, little) & LINK_BRANCH) >>> 0 !== BL) return;
  const next = offset + 4;
  const word = next + 4 <= view.byteLength ? view.getUint32(next, little) : 0;
  const load = encode("ld", { RT: 2, RA0: 1, DS: R2_SAVE[abi] });
  if (word === load) return;
  if (word !== NOP) {
    const got = word.toString(16).padStart(8, "0");
    throw noExec(`${name}: Expected nop after call, got ${got} at ${hex64(address.add(4))}`);
  }
  view.setUint32(next, load, little);
}
