// What stores and helpers do to what is known of the stack: too much would refuse good programs, too little would let the
// check take a branch for dead that is not.
import type { State } from "./state.ts";
import { FRAME_BYTES, maxOf, UNKNOWN, type Value } from "./values.ts";

/**
 * After a store: a whole slot in a known place is remembered, one written in part forgotten. One in a place that is not
 * known may have changed any number from the lowest place it can reach on; pointers it is taken not to reach, since the
 * kernel gives up what it reaches.
 */
export function store(state: State, base: Value, off: number, bytes: number, value: Value): void {
  if (base.kind !== "stack") return;
  if (base.off === undefined) {
    forgetNumbers(state, base.frame, base.min + off);
    return;
  }
  const at = base.off + off;
  const aligned = slotOf(at);
  state.setSlot(base.frame, aligned, bytes === 8 && at === aligned ? value : UNKNOWN);
}

/** Registers of the place and of the length, of helpers that write as many bytes as they are told [Linux 6.12 ARG_PTR_TO_UNINIT_MEM]. */
const writers: ReadonlyMap<number, { readonly place: number; readonly length: number }> = new Map([
  [26, { place: 3, length: 4 }], // bpf_skb_load_bytes
]);

/** After a call of the helper with the registers as they are in `state`. */
export function helperWrites(helper: number, state: State): void {
  const row = writers.get(helper);
  const place = row === undefined ? undefined : state.reg(row.place);
  if (row === undefined || place?.kind !== "stack") return;
  const length = state.reg(row.length);
  if (place.off === undefined || length.kind !== "scalar" || length.value === undefined) {
    const most = place.off === undefined ? FRAME_BYTES : maxOf(length);
    forgetNumbers(state, place.frame, place.min, Math.min(0, place.min + most));
    return;
  }
  const end = Math.min(0, place.off + length.value);
  for (let at = slotOf(place.off); at < end; at += 8) state.setSlot(place.frame, at, UNKNOWN);
}

/** Slots from the one with byte `start` on that hold no pointer: what they hold is no longer known. */
function forgetNumbers(state: State, frame: number, start: number, end = 0): void {
  for (let at = slotOf(Math.max(start, -FRAME_BYTES)); at < end; at += 8) {
    const { kind } = state.slot(frame, at);
    if (kind === "scalar" || kind === "uninit") state.setSlot(frame, at, UNKNOWN);
  }
}

const slotOf = (off: number): number => Math.floor(off / 8) * 8;
