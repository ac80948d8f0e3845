// Which instructions moved between two passes, told in stretches that moved together. For logs; nothing is decided by it.

/** Neighbouring instructions that moved by the same distance. */
export interface MovedInsns {
  /** Slots, both included; the slot behind the last instruction is the epilogue. */
  readonly first: number;
  readonly last: number;
  /** Byte offset of the first one's code, before and now. */
  readonly from: number;
  readonly to: number;
}

/** @param before byte offsets by slot; `now` has as many */
export function movedInsns(before: readonly number[], now: readonly number[]): readonly MovedInsns[] {
  const moved: MovedInsns[] = [];
  let [first, by] = [0, 0];
  const end = (last: number): void => {
    if (by !== 0) moved.push({ first, last, from: before[first] ?? 0, to: now[first] ?? 0 });
  };
  now.forEach((to, slot) => {
    const shift = to - (before[slot] ?? 0);
    if (shift === by) return;
    end(slot - 1);
    [first, by] = [slot, shift];
  });
  end(now.length - 1);
  return moved;
}
