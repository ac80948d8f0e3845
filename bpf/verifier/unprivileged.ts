// What a program of a user without CAP_BPF may not do, as far as its instructions alone tell: size, type, calls, loops, helpers.
// Where values go (leaked pointers, arithmetic on them, speculation) is not looked at.
import type { LinkedProgram, ProgType } from "../elf/types.ts";
import { isKfuncCall, isPseudoCall, jumpTarget, slotsOf } from "../insn.ts";
import { BpfLoadError } from "../load-error.ts";
import { VerifierError } from "./error.ts";
import { endsBlock, isJump } from "./structure.ts";

/** @linux include/uapi/linux/bpf_common.h BPF_MAXINSNS */
const BPF_MAXINSNS = 4096;
const TYPES: readonly ProgType[] = ["socket_filter", "cgroup_skb"];
/** trace_printk, which needs CAP_PERFMON. @linux kernel/bpf/helpers.c bpf_base_func_proto */
const PRIVILEGED_HELPERS: ReadonlySet<number> = new Set([6]);

/** @throws BpfLoadError E2BIG, EPERM as BPF_PROG_LOAD before the verifier starts. @linux kernel/bpf/syscall.c bpf_prog_load */
export function checkUnprivilegedLoad({ name, type, insns }: LinkedProgram): void {
  if (insns.length > BPF_MAXINSNS)
    throw new BpfLoadError(
      `${name}: ${insns.length} instructions; without CAP_BPF a program has at most ${BPF_MAXINSNS}`,
      "E2BIG",
    );
  if (!TYPES.includes(type))
    throw new BpfLoadError(`${name}: a program of type ${type} needs CAP_BPF`, "EPERM");
}

/** @throws VerifierError EPERM for calls of functions, EINVAL for loops. @linux kernel/bpf/verifier.c add_subprog_and_kfunc, push_insn */
export function checkUnprivileged({ insns }: LinkedProgram): void {
  const call = insns.findIndex((insn) => isPseudoCall(insn) || isKfuncCall(insn));
  if (call >= 0)
    throw new VerifierError({
      errno: "EPERM",
      message: "loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN",
      insn: call,
    });
  const edge = backEdge(insns);
  if (edge !== undefined)
    throw new VerifierError({
      errno: "EINVAL",
      message: `back-edge from insn ${edge.from} to ${edge.to}`,
      insn: edge.from,
    });
}

/** Whether a helper that the program's type may call needs no more than that. */
export const isUnprivilegedHelper = (id: number): boolean => !PRIVILEGED_HELPERS.has(id);

/** The first jump back to an instruction on the way to it, in depth-first order: branches not taken first. */
function backEdge(insns: LinkedProgram["insns"]): { readonly from: number; readonly to: number } | undefined {
  const explored = new Set<number>();
  const onPath = new Set<number>([0]);
  const path: { readonly at: number; readonly left: number[] }[] = [{ at: 0, left: followers(insns, 0) }];
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const to = top.left.shift();
    if (to === undefined) {
      explored.add(top.at);
      onPath.delete(top.at);
      path.pop();
    } else if (onPath.has(to)) return { from: top.at, to };
    else if (!explored.has(to)) {
      onPath.add(to);
      path.push({ at: to, left: followers(insns, to) });
    }
  }
  return undefined;
}

/** Slots that may come next; those outside of the program are left to the check of jumps. */
function followers(insns: LinkedProgram["insns"], at: number): number[] {
  const insn = insns[at];
  if (insn === undefined) return [];
  const next = endsBlock(insn.code) ? [] : [at + slotsOf(insn)];
  const taken = isJump(insn.code) ? [jumpTarget(insn, at)] : [];
  return [...next, ...taken].filter((slot) => slot >= 0 && slot < insns.length);
}
