// Where RAM lies among the real addresses: NUMA nodes, with gaps between them. Nothing here allocates or maps any of it.
import { MAX_RAM } from "../cpu/state.ts";
import { KernelUsageError } from "./error.ts";

/** A stretch of RAM. Real addresses in bytes, `end` is the first behind it; multiples of 16 MiB. */
export interface RamRange {
  readonly start: number;
  readonly end: number;
  /** NUMA node that it belongs to. */
  readonly node: number;
}

const MIB = 2 ** 20;
/** Granularity of RAM: what sparse memory calls a section. @linux arch/powerpc/include/asm/sparsemem.h SECTION_SIZE_BITS */
export const SECTION_BYTES = 16 * MIB;
/** The kernel's image and what it needs at boot lie in the first range. */
const LEAST_RAM = 64 * MIB;
/** @linux CONFIG_NODES_SHIFT of powerpc64's default configurations: 8 */
const MOST_NODES = 256;
const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: MIB, G: 1024 * MIB };

/** A map without gaps, on node 0. @throws KernelUsageError for a size that no kernel here boots with */
export function ramOf(bytes: number): readonly RamRange[] {
  if (Number.isInteger(bytes) && bytes % SECTION_BYTES === 0 && bytes >= LEAST_RAM && bytes <= MAX_RAM)
    return [{ start: 0, end: bytes, node: 0 }];
  const most = `${Math.floor(MAX_RAM / SECTION_BYTES) * 16}M`;
  throw new KernelUsageError(`${bytes} bytes of RAM: the kernel needs a multiple of 16M from 64M to ${most}`);
}

/**
 * Reads `START-END[@NODE]`, several with commas between them: `0-128M,1G-1152M@1`.
 * @throws KernelUsageError where it is no map that a kernel boots with
 */
export function parseRamMap(text: string): readonly RamRange[] {
  return checkRamMap(
    text.split(",").map((part) => {
      const [, start, startUnit, end, endUnit, node] =
        /^(0x[0-9a-f]{1,12}|\d{1,12})([KMG]?)-(0x[0-9a-f]{1,12}|\d{1,12})([KMG]?)(?:@(\d{1,3}))?$/i.exec(
          part,
        ) ?? [];
      if (start === undefined || end === undefined)
        throw badMap(`'${part}' is not START-END or START-END@NODE`);
      const address = (digits: string, unit = ""): number =>
        Number(digits) * (UNITS[unit.toUpperCase()] ?? 1);
      return { start: address(start, startUnit), end: address(end, endUnit), node: Number(node ?? 0) };
    }),
  );
}

/** The map itself, frozen. @throws KernelUsageError where it is none that a kernel boots with */
export function checkRamMap(map: readonly RamRange[]): readonly RamRange[] {
  let last = 0;
  for (const range of map) {
    const { start, end, node } = range;
    const shown = shownRange(range);
    if (![start, end].every((n) => Number.isSafeInteger(n) && n >= 0 && n % SECTION_BYTES === 0))
      throw badMap(`${shown} does not begin and end at multiples of 16M`);
    if (!Number.isInteger(node) || node < 0 || node >= MOST_NODES)
      throw badMap(`node ${node}: there are nodes 0 to ${MOST_NODES - 1}`);
    if (start >= end) throw badMap(`${shown} is empty`);
    if (start < last) throw badMap(`${shown} begins below the end of the range before it`);
    if (end > MAX_RAM) throw badMap(`${shown} ends above ${Math.floor(MAX_RAM / SECTION_BYTES) * 16}M`);
    last = end;
  }
  const [first] = map;
  if (first?.start !== 0 || first.end < LEAST_RAM)
    throw badMap("the first range holds the kernel: it begins at 0 and is 64M or more");
  return Object.freeze(map.map((range) => Object.freeze({ ...range })));
}

/** Bytes of RAM, gaps not counted. */
export function ramTotal(map: readonly RamRange[]): number {
  return map.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** The first real address behind all RAM. */
export function ramEnd(map: readonly RamRange[]): number {
  return map.at(-1)?.end ?? 0;
}

/** The node that a real address of RAM belongs to; 0 for what is none. */
export function nodeOf(map: readonly RamRange[], real: number): number {
  return map.find(({ start, end }) => real >= start && real < end)?.node ?? 0;
}

/** The stretches of real addresses between ranges. */
export function ramHoles(
  map: readonly RamRange[],
): readonly { readonly start: number; readonly end: number }[] {
  return map.slice(1).flatMap(({ start }, i) => {
    const before = map[i]?.end ?? start;
    return before < start ? [{ start: before, end: start }] : [];
  });
}

/** As `parseRamMap` reads it. */
export function ramMapText(map: readonly RamRange[]): string {
  return map.map((range) => `${shownRange(range)}${range.node === 0 ? "" : `@${range.node}`}`).join(",");
}

function shownRange({ start, end }: RamRange): string {
  const shown = (n: number): string => (n % MIB === 0 && n > 0 ? `${n / MIB}M` : String(n));
  return `${shown(start)}-${shown(end)}`;
}

function badMap(why: string): KernelUsageError {
  return new KernelUsageError(`RAM map: ${why}`);
}
