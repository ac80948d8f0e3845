// The stack of return addresses that calls push and returns pop. It is a ring: the deepest calls overwrite the oldest ones.
// Wrong-path instructions are not in the stream, so they cannot disturb it here.

/** A ring of return addresses; what is popped twice, or was flushed, predicts nothing. */
export class LinkStack {
  readonly #high: Int32Array;
  readonly #low: Int32Array;
  readonly #valid: Uint8Array;
  #top = 0;

  /** @param entries calls that are remembered. */
  constructor(entries: number) {
    this.#high = new Int32Array(entries);
    this.#low = new Int32Array(entries);
    this.#valid = new Uint8Array(entries);
  }

  push(high: number, low: number): void {
    this.#top = this.#top + 1 === this.#valid.length ? 0 : this.#top + 1;
    this.#high[this.#top] = high;
    this.#low[this.#top] = low;
    this.#valid[this.#top] = 1;
  }

  /** Takes the top off and says whether it was this address. */
  pops(high: number, low: number): boolean {
    const top = this.#top;
    const right = this.#valid[top] === 1 && this.#high[top] === (high | 0) && this.#low[top] === (low | 0);
    this.#valid[top] = 0;
    this.#top = top === 0 ? this.#valid.length - 1 : top - 1;
    return right;
  }

  /** As Linux's `bl .+4`, 64 times, does: no entry is a return address of anybody any more. */
  flush(): void {
    this.#valid.fill(0);
  }
}
