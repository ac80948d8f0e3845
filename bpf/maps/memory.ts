// Access to a map's own structures in guest memory, and the offsets of struct bpf_map.
// An access that fails means that a program has written where it must not: MapMemoryError carries the fault out.
import { u64, ZERO, type U64 } from "../../word/long.ts";
import type { MapDefinition } from "../elf/types.ts";
import { BpfLoadError } from "../load-error.ts";
import { MemoryFault, type AccessBytes, type KernelMemory } from "../memory.ts";

/** Byte offsets in struct bpf_map, 256 bytes long as on Debian's ppc64el 6.1. @linux include/linux/bpf.h struct bpf_map */
export const bpfMap = {
  /** Pointer to the functions of its kind. */
  ops: 0,
  mapType: 24,
  keySize: 28,
  valueSize: 32,
  maxEntries: 36,
  mapFlags: 48,
  bytes: 256,
} as const;

/** Byte offsets in struct bpf_map_ops of C pointers, as on Debian's ppc64el 6.1. @linux include/linux/bpf.h struct bpf_map_ops */
export const bpfMapOps = { lookupElem: 96, updateElem: 104, deleteElem: 112, bytes: 256 } as const;

/** BPF_F_… of map creation [Linux 6.12 include/uapi/linux/bpf.h]. */
export const mapFlags = {
  noPrealloc: 1 << 0,
  numaNode: 1 << 2,
  rdonly: 1 << 3,
  wronly: 1 << 4,
  zeroSeed: 1 << 6,
  rdonlyProg: 1 << 7,
  wronlyProg: 1 << 8,
  mmapable: 1 << 10,
  innerMap: 1 << 12,
} as const;

/** A map's memory refused an access: the map was overwritten. */
export class MapMemoryError extends Error {
  override readonly name = "MapMemoryError";
  readonly fault: MemoryFault;
  constructor(fault: MemoryFault) {
    super(`map memory: ${fault.access} of ${fault.bytes} bytes at 0x${fault.address.toString(16)}`);
    this.fault = fault;
  }
}

export const roundUp8 = (n: number): number => (n + 7) & ~7;

/** KernelMemory whose faults are thrown as MapMemoryError. */
export class MapMemory {
  readonly #memory: KernelMemory;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  get endian(): KernelMemory["endian"] {
    return this.#memory.endian;
  }

  load(address: U64, bytes: AccessBytes): U64 {
    return unlessFault(this.#memory.load(address, bytes));
  }

  store(address: U64, bytes: AccessBytes, value: U64 | number): void {
    unlessFault(this.#memory.store(address, bytes, typeof value === "number" ? u64(value) : value));
  }

  read(address: U64, length: number): Uint8Array {
    return unlessFault(this.#memory.read(address, length));
  }

  write(address: U64, data: Uint8Array): void {
    unlessFault(this.#memory.write(address, data));
  }

  /** Zeroed memory. Throws BpfLoadError ENOMEM naming the map when there is none left. */
  allocate(bytes: number, definition: MapDefinition): U64 {
    return this.#unlessFull(bytes, definition, () => this.#memory.allocate(bytes));
  }

  /** The same for what may be large. @param caller function of Linux that wants it */
  allocateArea(bytes: number, definition: MapDefinition, caller: string): U64 {
    return this.#unlessFull(
      bytes,
      definition,
      () => this.#memory.allocateArea?.(bytes, caller) ?? this.#memory.allocate(bytes),
    );
  }

  #unlessFull(bytes: number, definition: MapDefinition, allocate: () => U64): U64 {
    try {
      return allocate();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new BpfLoadError(`map "${definition.name}": no memory for ${bytes} bytes: ${why}`, "ENOMEM");
    }
  }

  free(address: U64): void {
    this.#memory.free(address);
  }

  /** Fills in struct bpf_map. @param ops address of its struct bpf_map_ops */
  writeHeader(address: U64, definition: MapDefinition, ops: U64 = ZERO): void {
    this.store(address.add(bpfMap.ops), 8, ops);
    this.store(address.add(bpfMap.mapType), 4, definition.typeNumber);
    this.store(address.add(bpfMap.keySize), 4, definition.keySize);
    this.store(address.add(bpfMap.valueSize), 4, definition.valueSize);
    this.store(address.add(bpfMap.maxEntries), 4, definition.maxEntries);
    this.store(address.add(bpfMap.mapFlags), 4, definition.flags);
  }
}

function unlessFault<T>(value: T | MemoryFault): T {
  if (value instanceof MemoryFault) throw new MapMemoryError(value);
  return value;
}
