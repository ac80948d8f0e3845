// Pages as the timing model needs them: how large the page of an address is and where it lies. From a processor's MMU.
// It keeps nothing: what is cached, and what a miss costs, is front/translation.ts's.
import { fromHalves } from "../../word/long.ts";
import type { Access, Mmu, MmuState, RealMemory } from "../mmu/mmu.ts";

/** The page of an effective address. */
export interface PageInfo {
  /** Size, a power of two; of the mapping, whatever the base page size of the segment. */
  readonly pageBytes: number;
  /** Real address of the byte that the effective address names. */
  readonly real: number;
  /** What has to be searched where no buffer has the page. */
  readonly tables: "hash" | "radix" | "none";
}

/** Where the timing model asks for pages; undefined where there is no translation. */
export interface PageSource {
  page(eaHigh: number, eaLow: number, access: Access): PageInfo | undefined;
}

/** What of a processor translates; `Cpu` has it all. */
export interface Translating {
  readonly mmu: Mmu;
  readonly state: MmuState;
  readonly ram: RealMemory;
}

/** Low word of MSR: instruction and data relocate. */
const RELOCATE: Readonly<Record<Access, number>> = { fetch: 0x20, load: 0x10, store: 0x10 };

/**
 * Pages as the processor translates at the time of asking. The stream of instructions is told of in batches, so a program that
 * changes its own translation, or turns it off, is told of the translation at the batch's end.
 */
export function pagesOf(cpu: Translating): PageSource {
  return {
    page(eaHigh, eaLow, access) {
      const page = cpu.mmu.translate(fromHalves(eaHigh, eaLow), access);
      if (page.kind !== "page") return undefined;
      return { pageBytes: page.pageBytes, real: page.real, tables: tablesOf(cpu, access) };
    },
  };
}

function tablesOf({ state, ram }: Translating, access: Access): PageInfo["tables"] {
  if ((state.msr.low & RELOCATE[access]) === 0) return "none";
  if (state.model === "power8") return "hash";
  // HR of the partition table's entry 0, which translation found there already [Power ISA v3.1B III 6.7.6.1].
  const ptcr = state.spr("PTCR");
  const table = (ptcr.high & 0x0fff_ffff) * 2 ** 32 + ((ptcr.low & ~0xfff) >>> 0);
  return ram.load(8, table, "be").high < 0 ? "radix" : "hash";
}
