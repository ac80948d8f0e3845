// bpf_map_lookup_elem, bpf_map_update_elem, bpf_map_delete_elem.
import { ZERO, type U64 } from "../../word/long.ts";
import { negative } from "../errno.ts";
import type { BpfMap, MapResult } from "../maps/map.ts";
import { MapMemoryError } from "../maps/memory.ts";
import { MemoryFault } from "../memory.ts";
import type { Helper, HelperContext } from "./context.ts";

/** Calls `use` with the map and the key that is at `key` in memory. */
function withKey(
  context: HelperContext,
  mapAddress: U64,
  key: U64,
  use: (map: BpfMap, key: Uint8Array) => U64 | MemoryFault,
): U64 | MemoryFault {
  const map = context.map(mapAddress);
  // No map there: the kernel would follow the pointers of whatever is at that address.
  if (map === undefined) return new MemoryFault(mapAddress, "load", 8);
  const bytes = context.memory.read(key, map.definition.keySize);
  if (bytes instanceof MemoryFault) return bytes;
  try {
    return use(map, bytes);
  } catch (error) {
    if (error instanceof MapMemoryError) return error.fault;
    throw error;
  }
}

const result = (r: MapResult): U64 => (r === undefined ? ZERO : negative(r));

/** Flags of an update as one small number; everything above BPF_EXIST is refused alike. */
const flagsOf = (flags: U64): number => (flags.high === 0 ? flags.low >>> 0 : 0xffff_ffff);

/** @linux kernel/bpf/helpers.c bpf_map_lookup_elem */
export const lookupHelper: Helper = {
  id: 1,
  name: "map_lookup_elem",
  symbol: "bpf_map_lookup_elem",
  call: (context, map, key) => withKey(context, map, key, (m, bytes) => m.lookup(bytes) ?? ZERO),
};

/** @linux kernel/bpf/helpers.c */
export const mapHelpers: readonly Helper[] = [
  lookupHelper,
  {
    id: 2,
    name: "map_update_elem",
    symbol: "bpf_map_update_elem",
    call: (context, map, key, value, flags) =>
      withKey(context, map, key, (m, bytes) => {
        const data = context.memory.read(value, m.definition.valueSize);
        return data instanceof MemoryFault ? data : result(m.update(bytes, data, flagsOf(flags)));
      }),
  },
  {
    id: 3,
    name: "map_delete_elem",
    symbol: "bpf_map_delete_elem",
    call: (context, map, key) => withKey(context, map, key, (m, bytes) => result(m.delete(bytes))),
  },
];
