// What stores and helpers do to what is known of the stack, and what loads find there. Knowing too little would refuse
// good programs, too much would let the check take a branch for dead that is not.
import type { Insn } from "../insn.ts";
import { BPF_LDX, BPF_MEM, bytesOf, classOf, modeOf } from "../opcodes.ts";
import type { State } from "./state.ts";
import { FRAME_BYTES, isStack, join, NUMBER, numberUpTo, UNKNOWN, WORD, type Value } from "./values.ts";

/**
 * After a store: a whole slot in a known place is remembered, one written in part forgotten. One in a place that is not
 * known may have changed any number from the lowest place it can reach on; pointers it is taken not to reach, since the
 * kernel gives up what it reaches.
 */
export function store(state: State, base: Value, off: number, bytes: number, value: Value): void {
  if (!isStack(base)) return;
  if (base.kind === "blurred" || base.off === undefined) {
    forgetNumbers(state, base.frame, base.min + Math.min(0, off));
    // One of several known places, of which each path has one: any may have the pointer now.
    if (bytes === 8 && isPointer(value)) spreadPointer(state, base.frame, base.min + off, value);
    return;
  }
  const at = base.off + off;
  const aligned = slotOf(at);
  state.setSlot(base.frame, aligned, bytes === 8 && at === aligned ? value : UNKNOWN);
}

/** What a load gives: a spilled value whole, or some number or pointer. */
export function loaded(insn: Insn, base: Value, state: State): Value {
  const bytes = bytesOf(insn.code);
  if (modeOf(insn.code) !== BPF_MEM || classOf(insn.code) !== BPF_LDX) return NUMBER;
  if (bytes <= 2) return numberUpTo(2 ** (8 * bytes) - 1);
  if (base.kind === "stack" && base.off !== undefined && bytes === 8) {
    const slot = state.slot(base.frame, base.off + insn.off);
    return slot.kind === "uninit" ? UNKNOWN : slot;
  }
  if (bytes === 8) return loadSomewhere(state, base, insn.off);
  // 32-bit fields of the context may stand for pointers.
  return base.kind === "ctx" || base.kind === "mixed" ? UNKNOWN : WORD;
}

/**
 * What an 8-byte load gives from a place that is one of several: if any slot that it can be has a pointer, all of them
 * together, so that what is no context on every path is not used as one.
 */
function loadSomewhere(state: State, base: Value, off: number): Value {
  if (!isStack(base)) return UNKNOWN;
  const start = base.min + Math.min(0, off);
  const values = state.frames
    .filter((_, frame) => base.frame === undefined || base.frame === frame)
    .flatMap(({ stack }) => [...stack].filter(([at]) => at >= start).map(([, value]) => value));
  return values.some(isPointer) ? values.reduce(join) : UNKNOWN;
}

const isPointer = (v: Value): boolean => isStack(v) || v.kind === "ctx" || v.kind === "mixed";

function spreadPointer(state: State, only: number | undefined, start: number, value: Value): void {
  state.frames.forEach((_, frame) => {
    if (only !== undefined && only !== frame) return;
    for (let at = slotOf(Math.max(start, -FRAME_BYTES)); at < 0; at += 8)
      state.setSlot(frame, at, join(state.slot(frame, at), value));
  });
}

// Helpers that read through their pointers alone: map_lookup_elem, map_update_elem, map_delete_elem, trace_printk,
// tail_call, perf_event_output, csum_diff, redirect_map, skb_store_bytes, map_push_elem, ringbuf_output, loop, for_each_map_elem
// (which call back: what the function does is looked at by itself).
const readers: ReadonlySet<number> = new Set([1, 2, 3, 6, 9, 12, 25, 28, 51, 87, 130, 164, 181]);

/** Registers of the place and of the length, of helpers that write as many bytes as they are told [Linux 6.12 ARG_PTR_TO_UNINIT_MEM]. */
const writers: ReadonlyMap<number, { readonly place: number; readonly length: number }> = new Map([
  [26, { place: 3, length: 4 }], // bpf_skb_load_bytes
]);

/** After a call of the helper, undefined for another function of the kernel, with the registers as they are in `state`. */
export function helperWrites(helper: number | undefined, state: State): void {
  if (helper !== undefined && readers.has(helper)) return;
  const row = helper === undefined ? undefined : writers.get(helper);
  if (row === undefined) {
    for (let n = 1; n <= 5; n++) forgetReachable(state, state.reg(n));
    return;
  }
  const place = state.reg(row.place);
  const length = state.reg(row.length);
  if (
    place.kind !== "stack" ||
    place.off === undefined ||
    length.kind !== "scalar" ||
    length.value === undefined
  ) {
    forgetReachable(state, place);
    return;
  }
  const end = Math.min(0, place.off + length.value);
  for (let at = slotOf(place.off); at < end; at += 8) state.setSlot(place.frame, at, UNKNOWN);
}

function forgetReachable(state: State, place: Value): void {
  if (isStack(place)) forgetNumbers(state, place.frame, place.min);
}

/** Numbers in the slots from the one with byte `start` on are no longer known. */
function forgetNumbers(state: State, only: number | undefined, start: number): void {
  state.frames.forEach((_, frame) => {
    if (only !== undefined && only !== frame) return;
    for (let at = slotOf(Math.max(start, -FRAME_BYTES)); at < 0; at += 8) {
      if (state.slot(frame, at).kind === "scalar") state.setSlot(frame, at, UNKNOWN);
    }
  });
}

const slotOf = (off: number): number => Math.floor(off / 8) * 8;
