// struct bpf_map_ops of each type of map, in read-only data: what bpf_map_lookup_elem of kernel text calls through.
// Lookup in arrays is guest code (text/map-array.s); in hashes it traps to the map's own TypeScript.
import type { U64 } from "../word/long.ts";
import type { HelperContext } from "../bpf/helpers/context.ts";
import { lookupHelper } from "../bpf/helpers/map.ts";
import { bpfMapOps } from "../bpf/maps/memory.ts";
import type { KernelText } from "./text.ts";

/**
 * Puts the tables into kernel text, and the functions that they name.
 * @param context of the helpers, asked when a function is called
 * @returns addresses by type of map
 * @linux kernel/bpf/arraymap.c array_map_ops, kernel/bpf/hashtab.c htab_map_ops
 */
export function addMapOps(text: KernelText, context: () => HelperContext): ReadonlyMap<string, U64> {
  const htabLookup = text.add({
    symbol: "htab_map_lookup_elem",
    isStatic: true,
    call: (args) => lookupHelper.call(context(), ...args),
  });
  const arrayLookup = text.guestCode("array_map_lookup_elem");
  const table = (symbol: string, lookup: U64 | undefined): U64 =>
    text.addTable(
      symbol,
      bpfMapOps.bytes,
      new Map(lookup === undefined ? [] : [[bpfMapOps.lookupElem, lookup]]),
    );
  return new Map([
    ["array", table("array_map_ops", arrayLookup)],
    ["hash", table("htab_map_ops", htabLookup)],
  ]);
}
