// What every kind of map offers, to helpers by guest address and to the host by bytes.
// The kinds are in array.ts and hash.ts; create.ts makes one from its definition.
import type { U64 } from "../../word/long.ts";
import type { MapDefinition } from "../elf/types.ts";
import type { Errno } from "../errno.ts";
import type { KernelMemory } from "../memory.ts";

/** One element, copied out of guest memory. */
export interface MapItem {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** What a change of a map says: undefined when it was done. */
export type MapResult = Errno | undefined;

/** BPF_ANY, BPF_NOEXIST, BPF_EXIST [Linux 6.12 include/uapi/linux/bpf.h]. */
export const updateFlags = { any: 0, noExist: 1, exist: 2 } as const;

/**
 * A map whose elements are in guest memory. Keys and values are exactly `keySize` and `valueSize` bytes, in guest order.
 * Every method throws MapMemoryError when the map's own memory is no longer readable, or its links no longer end.
 */
export interface BpfMap {
  /** Number that is this map's alone in its BpfCore, from 1. */
  readonly id: number;
  readonly definition: MapDefinition;
  /** Address of its struct bpf_map: what a program has in the register. */
  readonly address: U64;
  /** Elements present; every element of an array is. */
  readonly entryCount: number;
  /** Address of the value, or undefined where there is no such key. */
  lookup(key: Uint8Array): U64 | undefined;
  /** `flags` is one of `updateFlags`; any other is EINVAL. */
  update(key: Uint8Array, value: Uint8Array, flags: number): MapResult;
  delete(key: Uint8Array): MapResult;
  /** Elements in the order that BPF_MAP_GET_NEXT_KEY has. */
  entries(): readonly MapItem[];
  /**
   * Address of a value's byte `offset`, for BPF_PSEUDO_MAP_VALUE; undefined where the map has no single value or it is
   * not that long.
   */
  directValue(offset: number): U64 | undefined;
  /** Gives its guest memory back. */
  free(): void;
}

/** What a map needs to come into being. */
export interface MapSurroundings {
  readonly memory: KernelMemory;
  /** 32 random bits, for the seed of hashes. */
  readonly random: () => number;
  /** Address of the struct bpf_map_ops of its type. */
  readonly ops?: U64 | undefined;
}
