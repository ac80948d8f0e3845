// Slots that wait to be looked at, the lowest first: blocks of straight code then come after what leads to them.

/** A binary heap of different numbers. */
export class Worklist {
  readonly #heap: number[] = [];
  readonly #members = new Set<number>();

  /** Adds a slot, if it is not waiting already. */
  add(slot: number): void {
    if (this.#members.has(slot)) return;
    this.#members.add(slot);
    let at = this.#heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent] ?? slot;
      if (above <= slot) break;
      this.#heap[at] = above;
      at = parent;
    }
    this.#heap[at] = slot;
  }

  /** Takes the lowest slot; undefined where none waits. */
  take(): number | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    this.#members.delete(first);
    const size = this.#heap.length;
    if (size === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && (this.#heap[child + 1] ?? last) < (this.#heap[child] ?? last)) child++;
      const below = this.#heap[child] ?? last;
      if (below >= last) break;
      this.#heap[at] = below;
      at = child;
    }
    this.#heap[at] = last;
    return first;
  }
}
