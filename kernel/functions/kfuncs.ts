// Functions of kernel text that BPF programs may call, beside helpers: those of Linux's set for all program types that take and
// return nothing. And the one by which modules offer theirs. What a program must do between calls is the verifier's to say.
import { u64, ZERO, type U64 } from "../../word/long.ts";
import { progTypes } from "../../bpf/elf/types.ts";
import type { KfuncPrototype } from "../../bpf/kfunc.ts";
import { MemoryFault } from "../../bpf/memory.ts";
import type { FunctionResult } from "../caller.ts";
import type { Kernel } from "../kernel.ts";
import type { KernelFunction } from "../text.ts";

/** @linux kernel/bpf/helpers.c common_btf_ids */
const NAMES = [
  "bpf_rcu_read_lock",
  "bpf_rcu_read_unlock",
  "bpf_preempt_disable",
  "bpf_preempt_enable",
] as const;

/** One processor, and no preemption of kernel code: as in a kernel with CONFIG_PREEMPT_NONE they have nothing to do. */
export const coreKfuncs: readonly {
  readonly prototype: KfuncPrototype;
  readonly function: KernelFunction;
}[] = NAMES.map((name) => ({
  prototype: { name, parameters: [], result: { kind: "void" } },
  function: { symbol: name, call: () => ZERO },
}));

/** struct btf_kfunc_id_set: owner, then the set. */
const SET_POINTER = 8;
/** Bit of the set's flags. @linux include/linux/btf_ids.h BTF_SET8_KFUNCS */
const KFUNCS = 1;
const EINVAL = u64(-22);

/** @linux kernel/bpf/btf.c register_btf_kfunc_id_set */
export function registrationFunctions(kernel: Kernel): readonly KernelFunction[] {
  const register = (type: U64, kset: U64): FunctionResult => {
    const set = kernel.load(kset.add(SET_POINTER), 8);
    if (set instanceof MemoryFault) return set;
    const flags = kernel.load(set.add(4), 4);
    if (flags instanceof MemoryFault) return flags;
    const progType = progTypes[type.low >>> 0];
    if ((flags.low & KFUNCS) === 0 || progType === undefined) return EINVAL;
    for (const { kfuncs } of kernel.modules.list) {
      const entries = kfuncs.setAt(set);
      for (const { name, flagsAt } of entries ?? []) {
        const own = kernel.load(flagsAt, 4);
        if (own instanceof MemoryFault) return own;
        kfuncs.register(progType, name, own.low);
      }
      if (entries !== undefined) return ZERO;
    }
    return EINVAL;
  };
  const symbol = "register_btf_kfunc_id_set";
  return [{ symbol, exported: true, call: ([type, kset]) => register(type, kset) }];
}
