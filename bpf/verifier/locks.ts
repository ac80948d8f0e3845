// What a program holds by calls of the kernel's functions: read-side critical sections of RCU, and preemption switched off.
// Paths that hold different things are one here, which may refuse a program whose branches belong together.
import type { Fault } from "./memory-rules.ts";

/** How often each is held; undefined where paths with different numbers have met. */
export interface Locks {
  readonly rcu: number | undefined;
  readonly preempt: number | undefined;
}

/** As a program begins. */
export const NO_LOCKS: Locks = Object.freeze({ rcu: 0, preempt: 0 });

/** Whether both hold the same, or of the same nobody knows how often. */
export const sameLocks = (a: Locks, b: Locks): boolean => a.rcu === b.rcu && a.preempt === b.preempt;

/** What is known where two paths meet. */
export function meetLocks(a: Locks, b: Locks): Locks {
  if (sameLocks(a, b)) return a;
  const meet = (x: number | undefined, y: number | undefined): number | undefined =>
    x === y ? x : undefined;
  return { rcu: meet(a.rcu, b.rcu), preempt: meet(a.preempt, b.preempt) };
}

const refuse = (message: string): Fault => ({ errno: "EINVAL", message });

/**
 * After a call of the function of this name, or why it may not be called.
 * @linux kernel/bpf/verifier.c check_kfunc_call
 */
export function afterCall(name: string, locks: Locks): { readonly locks: Locks; readonly fault?: Fault } {
  const { rcu, preempt } = locks;
  switch (name) {
    case "bpf_rcu_read_lock":
      return rcu === 0
        ? { locks: { rcu: 1, preempt } }
        : { locks, fault: refuse(`nested rcu read lock (kernel function ${name})`) };
    case "bpf_rcu_read_unlock":
      return rcu === 1
        ? { locks: { rcu: 0, preempt } }
        : { locks, fault: refuse(`unmatched rcu read unlock (kernel function ${name})`) };
    case "bpf_preempt_disable":
      // In a loop the number would grow without end.
      return preempt === undefined || preempt >= MOST
        ? { locks: { rcu, preempt: undefined } }
        : { locks: { rcu, preempt: preempt + 1 } };
    case "bpf_preempt_enable":
      return preempt === undefined || preempt > 0
        ? { locks: { rcu, preempt: preempt === undefined ? undefined : preempt - 1 } }
        : { locks, fault: refuse(`unmatched attempt to enable preemption (kernel function ${name})`) };
    default:
      return { locks };
  }
}

/** Preemption switched off more often than this is no longer counted. */
const MOST = 64;

/** What is left over where the program ends. @linux kernel/bpf/verifier.c do_check */
export function heldAtExit({ rcu, preempt }: Locks): Fault | undefined {
  if (rcu !== 0) return refuse("bpf_rcu_read_unlock is missing");
  if (preempt === 0) return undefined;
  const count = preempt ?? 1;
  return refuse(`${count} bpf_preempt_enable${count === 1 ? " is" : "(s) are"} missing`);
}

/** Why a tail call or a load of the packet may not stand here. @linux kernel/bpf/verifier.c check_helper_call, check_ld_abs */
export function heldAt(what: "tail_call" | "BPF_LD_[ABS|IND]", { rcu, preempt }: Locks): Fault | undefined {
  if (rcu !== 0) return refuse(`${what} cannot be used inside bpf_rcu_read_lock-ed region`);
  return preempt === 0 ? undefined : refuse(`${what} cannot be used inside bpf_preempt_disable-ed region`);
}
