// First fit over a row of equal units: pages of a range, chunks of a pack. It counts units; what they are is the callers'.

/** Free and taken stretches of `total` units. */
export class FirstFit {
  readonly total: number;
  /** Free stretches, ascending, none touching the next. */
  readonly #free: { start: number; count: number }[];
  #taken = 0;

  constructor(total: number) {
    this.total = total;
    this.#free = total > 0 ? [{ start: 0, count: total }] : [];
  }

  /** Units that are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** The lowest stretch of `count` units that is free, taken now; undefined where there is none. */
  take(count: number): number | undefined {
    const index = this.#free.findIndex((stretch) => stretch.count >= count);
    const stretch = this.#free[index];
    if (stretch === undefined || !(count > 0)) return undefined;
    const { start } = stretch;
    if (stretch.count === count) this.#free.splice(index, 1);
    else this.#free[index] = { start: start + count, count: stretch.count - count };
    this.#taken += count;
    return start;
  }

  /** Gives a stretch back that `take` gave. */
  give(start: number, count: number): void {
    let index = this.#free.findIndex((stretch) => stretch.start > start);
    if (index < 0) index = this.#free.length;
    const before = this.#free[index - 1];
    const after = this.#free[index];
    const end = start + count;
    if (
      (before !== undefined && before.start + before.count > start) ||
      (after !== undefined && after.start < end)
    ) {
      throw new RangeError(`units ${start} to ${end} are not all taken`);
    }
    const joinsBefore = before !== undefined && before.start + before.count === start;
    const joinsAfter = after?.start === end;
    const first = joinsBefore ? before.start : start;
    const last = joinsAfter ? after.start + after.count : end;
    const from = joinsBefore ? index - 1 : index;
    this.#free.splice(from, (joinsBefore ? 1 : 0) + (joinsAfter ? 1 : 0), {
      start: first,
      count: last - first,
    });
    this.#taken -= count;
  }
}
