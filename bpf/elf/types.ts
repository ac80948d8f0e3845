// What the ELF loader hands to the BPF core: maps, programs, linked programs. No code.
import type { Endian, Insn } from "../insn.ts";
import type { KfuncPrototype } from "../kfunc.ts";
import type { Btf } from "./btf.ts";
import type { SourceLine } from "./btf-ext.ts";

/** Program types, spelled as BPF_PROG_TYPE_… in lower case. */
export type ProgType = (typeof progTypes)[number];

/** In the order of `enum bpf_prog_type` [Linux 6.12 include/uapi/linux/bpf.h]: the index is the number. */
export const progTypes = [
  "unspec",
  "socket_filter",
  "kprobe",
  "sched_cls",
  "sched_act",
  "tracepoint",
  "xdp",
  "perf_event",
  "cgroup_skb",
  "cgroup_sock",
  "lwt_in",
  "lwt_out",
  "lwt_xmit",
  "sock_ops",
  "sk_skb",
  "cgroup_device",
  "sk_msg",
  "raw_tracepoint",
  "cgroup_sock_addr",
  "lwt_seg6local",
  "lirc_mode2",
  "sk_reuseport",
  "flow_dissector",
  "cgroup_sysctl",
  "raw_tracepoint_writable",
  "cgroup_sockopt",
  "tracing",
  "struct_ops",
  "ext",
  "lsm",
  "sk_lookup",
  "syscall",
  "netfilter",
] as const;

/** In the order of `enum bpf_map_type`: the index is the number. */
export const mapTypes = [
  "unspec",
  "hash",
  "array",
  "prog_array",
  "perf_event_array",
  "percpu_hash",
  "percpu_array",
  "stack_trace",
  "cgroup_array",
  "lru_hash",
  "lru_percpu_hash",
  "lpm_trie",
  "array_of_maps",
  "hash_of_maps",
  "devmap",
  "sockmap",
  "cpumap",
  "xskmap",
  "sockhash",
  "cgroup_storage",
  "reuseport_sockarray",
  "percpu_cgroup_storage",
  "queue",
  "stack",
  "sk_storage",
  "devmap_hash",
  "struct_ops",
  "ringbuf",
  "inode_storage",
  "task_storage",
  "bloom_filter",
  "user_ringbuf",
  "cgrp_storage",
  "arena",
] as const;

/** A map as the object defines it. Sizes in bytes. */
export interface MapDefinition {
  readonly name: string;
  /** One of `mapTypes`, or `type N` for a number that is not among them. */
  readonly type: string;
  readonly typeNumber: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_… bits. */
  readonly flags: number;
  /** Contents of the one value of a .data or .rodata map, `valueSize` bytes; a .bss map has none and starts as zeros. */
  readonly initial?: Uint8Array;
  /** The program may only read it, and it is frozen before loading (.rodata). */
  readonly readonly?: boolean;
  /** What the maps in an array or hash of maps look like. */
  readonly inner?: MapDefinition;
  /** Programs or maps that the definition puts into elements from the start, by symbol name. */
  readonly programs?: readonly { readonly index: number; readonly name: string }[];
}

/** Debug information of a linked program, by slot. */
export interface SourceInfo {
  /** `int main_prog(struct xdp_md * ctx)` for the slots where functions start. */
  readonly prototypes: ReadonlyMap<number, string>;
  /** Types of the functions, by the same slots: numbers in `btf`. */
  readonly types: ReadonlyMap<number, number>;
  /** All types of the object. */
  readonly btf: Btf;
  /** Source lines for the slots where new ones begin. */
  readonly lines: ReadonlyMap<number, SourceLine>;
}

/** A function of the kernel that a program declares. */
export interface DeclaredFunction extends KfuncPrototype {
  /** The kernel need not have it: calls of it must not be reached then, and its address is 0. */
  readonly isWeak?: boolean;
}

/** A function of a linked program; `start` and `length` in slots. */
export interface LinkedFunction {
  readonly name: string;
  readonly start: number;
  readonly length: number;
}

/**
 * A program with everything it calls in one run of slots: the main function first, then the called ones.
 * BPF_LD_IMM64: src BPF_PSEUDO_MAP_FD has in imm the index into `maps`; BPF_PSEUDO_MAP_VALUE too, and in the second
 * imm the offset in bytes in the map's value; BPF_PSEUDO_FUNC the pc-relative offset of the function in slots, as
 * BPF_PSEUDO_CALL has it. A call with src BPF_PSEUDO_KFUNC_CALL has in imm the index into `kfuncs`,
 * and so has BPF_LD_IMM64 with src BPF_PSEUDO_BTF_ID, which loads the function's address.
 */
export interface LinkedProgram {
  readonly name: string;
  readonly type: ProgType;
  readonly endian: Endian;
  readonly insns: readonly Insn[];
  readonly functions: readonly LinkedFunction[];
  /** The maps that the instructions name, in the object's order. */
  readonly maps: readonly MapDefinition[];
  readonly license: string;
  /** Functions of the kernel that the instructions call, by the names that the object has for them. */
  readonly kfuncs?: readonly DeclaredFunction[];
  /** Where the object has debug information (`-g`). */
  readonly source?: SourceInfo;
}

/** One program of an object, before linking. */
export interface ProgramEntry {
  readonly name: string;
  readonly section: string;
  readonly type: ProgType;
}
