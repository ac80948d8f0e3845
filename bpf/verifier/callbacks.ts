// Helpers that call a function of the program, and with which registers. What they do otherwise is not told here.
import type { State } from "./state.ts";
import { WORD, UNINIT, UNKNOWN, type Value } from "./values.ts";

// Register with the function, and the callback's r1 to r5: the number of the helper's own register, or what it makes up.
type Argument = number | Value;
const callbacks: ReadonlyMap<number, { readonly at: number; readonly args: readonly Argument[] }> = new Map([
  [164, { at: 2, args: [1, UNKNOWN, UNKNOWN, 3] }], // bpf_for_each_map_elem: map, key, value, the caller's r3
  [170, { at: 2, args: [UNKNOWN, UNKNOWN, UNKNOWN] }], // bpf_timer_set_callback: map, key, value
  [180, { at: 3, args: [1, UNKNOWN, 4] }], // bpf_find_vma: task, area, the caller's r4
  [181, { at: 2, args: [WORD, 3] }], // bpf_loop: index, the caller's r3
  [209, { at: 2, args: [UNKNOWN, 3] }], // bpf_user_ringbuf_drain: dynptr, the caller's r3
]);

/** Start and registers 0 to 5 of the function that this helper, called in this state, calls back. */
export function callbackOf(
  helper: number,
  state: State,
): { readonly start: number; readonly regs: readonly Value[] } | undefined {
  const row = callbacks.get(helper);
  const target = row === undefined ? UNINIT : state.reg(row.at);
  if (row === undefined || target.kind !== "function") return undefined;
  const regs = row.args.map((a) => (typeof a === "number" ? state.reg(a) : a));
  return { start: target.start, regs: [UNINIT, ...regs] };
}
