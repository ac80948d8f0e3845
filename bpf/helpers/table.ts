// All helpers that programs can call, by number.
import { fromHalves } from "../../word/long.ts";
import type { ProgType } from "../elf/types.ts";
import { checksumHelper } from "./checksum.ts";
import type { Helper } from "./context.ts";
import { mapHelpers } from "./map.ts";
import { loadBytesHelper, packetLoadHelpers } from "./packet.ts";
import { traceHelper } from "./trace.ts";

const plainHelpers: readonly Helper[] = [
  {
    id: 5,
    name: "ktime_get_ns",
    symbol: "bpf_ktime_get_ns",
    call: (context) => context.now(),
  },
  {
    id: 7,
    name: "get_prandom_u32",
    symbol: "bpf_user_rnd_u32",
    call: (context) => fromHalves(0, context.random()),
  },
  {
    id: 8,
    name: "get_smp_processor_id",
    symbol: "bpf_get_smp_processor_id",
    call: (context) => fromHalves(0, context.cpu),
  },
];

/**
 * In the order of their numbers; those with negative ones are called by rewritten instructions only.
 * @linux include/uapi/linux/bpf.h ___BPF_FUNC_MAPPER
 */
export const helpers: readonly Helper[] = Object.freeze(
  [
    ...mapHelpers,
    ...plainHelpers,
    traceHelper,
    loadBytesHelper,
    checksumHelper,
    ...Object.values(packetLoadHelpers),
  ].sort((a, b) => a.id - b.id),
);

/** Whether programs of this type may call it: those that read a packet by offset need one. */
export function isPermitted({ id }: Helper, type: ProgType): boolean {
  return id > 0 && (id !== loadBytesHelper.id || type === "socket_filter" || type === "sched_cls");
}

/** The helper of this name (`map_lookup_elem`), for assemblers; those of negative number are not found. */
export function helperByName(name: string): Helper | undefined {
  return helpers.find((helper) => helper.id > 0 && helper.name === name);
}

/** `bpf_map_lookup_elem` for 1, `bpf_unspec` for 0; undefined for a number that is no helper's. */
export function bpfHelperName(id: number): string | undefined {
  if (id === 0) return "bpf_unspec";
  const name = helpers.find((helper) => helper.id > 0 && helper.id === id)?.name;
  return name === undefined ? undefined : `bpf_${name}`;
}
