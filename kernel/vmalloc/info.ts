// The text of /proc/vmallocinfo. What the areas are is vmalloc.ts's.
import { hex64, u64, type U64 } from "../../word/long.ts";
import type { LinuxVersion } from "../version.ts";
import type { VmArea } from "../vmalloc.ts";

/** What is printed of an area besides what the area knows. */
export interface InfoContext {
  readonly version: LinuxVersion;
  /** NUMA nodes that have RAM, ascending. */
  readonly nodes: readonly number[];
  /** The node of a real address. */
  nodeOf(real: number): number;
  /** An address as `%pS` prints it. */
  symbolize(address: U64): string;
  /** A pointer's hash as `%p` prints it: 16 digits. */
  hash(address: U64): string;
}

/**
 * A line for each area, ascending, and for each that is freed and not purged: among them in 4.15, behind them in 6.12.
 * @linux mm/vmalloc.c vmalloc_info_show, 4.15 s_show
 */
export function vmallocInfo(
  areas: readonly VmArea[],
  lazy: readonly VmArea[],
  context: InfoContext,
  pointers: "plain" | "hashed" | "zeroed",
): string {
  const pointer = (address: U64): string => {
    if (pointers === "hashed") return `0x${context.hash(address)}`;
    return hex64(pointers === "zeroed" ? u64(0) : address);
  };
  const range = ({ address, bytes, guardBytes }: VmArea): string => {
    const size = bytes + guardBytes;
    return `${pointer(address)}-${pointer(address.add(size))} ${String(size).padStart(7)}`;
  };
  const lines = [
    ...areas.map((area) => ({ area, text: range(area) + described(area, context) })),
    ...lazy.map((area) => ({ area, text: `${range(area)} unpurged vm_area` })),
  ];
  if (context.version.name === "4.15") lines.sort((a, b) => a.area.address.compare(b.area.address));
  return lines.map(({ text }) => `${text}\n`).join("");
}

function described({ caller, pages, kind }: VmArea, context: InfoContext): string {
  const nodes = context.nodes
    .map((node) => ({ node, count: pages.filter((real) => context.nodeOf(real) === node).length }))
    .filter(({ count }) => count > 0);
  return [
    ...(caller === undefined ? [] : [typeof caller === "string" ? caller : context.symbolize(caller)]),
    ...(pages.length > 0 ? [`pages=${pages.length}`] : []),
    kind,
    ...nodes.map(({ node, count }) => `N${node}=${count}`),
  ]
    .map((word) => ` ${word}`)
    .join("");
}
