// Programs that call functions of the kernel, in C, with the verdict of a real kernel on each, and how tests of the check resolve them.
import { resolveKfuncs, kfuncOf } from "../core/kfuncs.ts";
import type { LinkedProgram } from "../elf/object.ts";
import { check, VerifierError, type CheckOptions } from "../verifier/check.ts";
import { ZERO } from "../../word/long.ts";

const DECLARED = `
#define __ksym __attribute__((section(".ksyms")))
struct __sk_buff { u32 len; };
struct bpf_dynptr { u64 opaque[2]; };
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
extern void bpf_no_such_function(void) __attribute__((weak)) __ksym;
extern void bpf_throw(u64 cookie) __ksym;
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, u64 flags, struct bpf_dynptr *ptr) __ksym;
struct { __uint(type, 3); __uint(max_entries, 1); __uint(key_size, 4); __uint(value_size, 4); } jumps SEC(".maps");
`;
const GPL = `char _license[] SEC("license") = "GPL";\n`;

const EXIT_IN_RCU = "BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region";
const EXIT_IN_PREEMPT =
  "BPF_EXIT instruction in main prog cannot be used inside bpf_preempt_disable-ed region";

const p = (body: string, section = "tc", license = GPL): string =>
  `${DECLARED}${license}SEC("${section}") int p(struct __sk_buff *skb) { ${body} }\n`;

/** What 6.12 says, empty: it accepts; and what it says since 6.13, where that has other words. */
export const kfuncVerdicts: readonly (readonly [
  name: string,
  source: string,
  message: string,
  later?: string,
])[] = [
  ["locked and unlocked", p("bpf_rcu_read_lock(); bpf_rcu_read_unlock(); return 0;"), ""],
  [
    "preemption off and on, twice nested",
    p("bpf_preempt_disable(); bpf_preempt_disable(); bpf_preempt_enable(); bpf_preempt_enable(); return 0;"),
    "",
  ],
  ["in a socket filter", p("bpf_rcu_read_lock(); bpf_rcu_read_unlock(); return 0;", "socket"), ""],
  [
    "locked on both sides of a branch",
    p(
      "bpf_rcu_read_lock(); if (skb->len > 9) bpf_rcu_read_unlock(); else { bpf_rcu_read_unlock(); return 3; } return 0;",
    ),
    "",
  ],
  [
    "unlocked by a function",
    p("bpf_rcu_read_lock(); return unlock(skb->len);").replace(
      'SEC("tc")',
      'NOINLINE static int unlock(u32 x) { bpf_rcu_read_unlock(); return x; }\nSEC("tc")',
    ),
    "",
  ],
  [
    "a weak function that is not there, and is not called",
    p("if ((long)bpf_no_such_function) bpf_no_such_function(); return 0;"),
    "",
  ],
  [
    "locked twice",
    p("bpf_rcu_read_lock(); bpf_rcu_read_lock(); bpf_rcu_read_unlock(); return 0;"),
    "nested rcu read lock (kernel function bpf_rcu_read_lock)",
  ],
  [
    "unlocked without a lock",
    p("bpf_rcu_read_unlock(); return 0;"),
    "unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)",
  ],
  ["never unlocked", p("bpf_rcu_read_lock(); return 0;"), "bpf_rcu_read_unlock is missing", EXIT_IN_RCU],
  [
    "not unlocked on one path",
    p("bpf_rcu_read_lock(); if (skb->len > 9) return 1; bpf_rcu_read_unlock(); return 0;"),
    "bpf_rcu_read_unlock is missing",
    EXIT_IN_RCU,
  ],
  [
    "preemption stays off",
    p("bpf_preempt_disable(); return 0;"),
    "1 bpf_preempt_enable is missing",
    EXIT_IN_PREEMPT,
  ],
  [
    "preemption stays off twice",
    p("bpf_preempt_disable(); bpf_preempt_disable(); return 0;"),
    "2 bpf_preempt_enable(s) are missing",
    EXIT_IN_PREEMPT,
  ],
  [
    "preemption on without off",
    p("bpf_preempt_enable(); return 0;"),
    "unmatched attempt to enable preemption (kernel function bpf_preempt_enable)",
  ],
  [
    "a tail call while locked",
    p("bpf_rcu_read_lock(); bpf_tail_call(skb, &jumps, 0); bpf_rcu_read_unlock(); return 0;"),
    "tail_call cannot be used inside bpf_rcu_read_lock-ed region",
  ],
  [
    "a tail call without preemption",
    p("bpf_preempt_disable(); bpf_tail_call(skb, &jumps, 0); bpf_preempt_enable(); return 0;"),
    "tail_call cannot be used inside bpf_preempt_disable-ed region",
  ],
  [
    "another license",
    p("bpf_rcu_read_lock(); bpf_rcu_read_unlock(); return 0;", "tc", GPL.replace("GPL", "MIT")),
    "cannot call kernel function from non-GPL compatible program",
  ],
  ["the context for a number", p("bpf_throw((u64)skb); return 0;"), "R1 is not a scalar"],
  ["the stack for a number", p("int x = 1; bpf_throw((u64)&x); return x;"), "R1 is not a scalar"],
  [
    "the stack for the context",
    p("struct bpf_dynptr d; return bpf_dynptr_from_skb((void *)&d, 0, &d);"),
    "arg#0 expected pointer to ctx, but got fp",
  ],
  [
    "a number for the context",
    p("struct bpf_dynptr d; return bpf_dynptr_from_skb((void *)8, 0, &d);"),
    "arg#0 expected pointer to ctx, but got scalar",
  ],
  [
    "the context further on",
    p("struct bpf_dynptr d; return bpf_dynptr_from_skb(skb + 1, 0, &d);"),
    "dereference of modified ctx ptr R1 off=4 disallowed",
  ],
];

/** Why the check refuses a linked program whose functions are all there; undefined where it accepts. */
export function kfuncRefusal(linked: LinkedProgram, options: CheckOptions = {}): VerifierError | undefined {
  let id = 0;
  const common = { module: undefined, address: ZERO, flags: () => 0, hold: () => () => undefined };
  const { program, kfuncs } = resolveKfuncs(linked, (name) =>
    name === "bpf_no_such_function" ? undefined : { ...common, name, id: ++id },
  );
  try {
    check(program, {
      kernelFunction: (call) => {
        const found = kfuncOf(kfuncs, call);
        return found === undefined ? undefined : { prototype: found.prototype, flags: 0 };
      },
      ...options,
    });
    return undefined;
  } catch (error) {
    if (error instanceof VerifierError) return error;
    throw error;
  }
}
