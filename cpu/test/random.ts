// Test support: repeatable random numbers and the values that find mistakes.
import { fromHalves, u64, type U64 } from "../../word/long.ts";

/** A 32-bit xorshift. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 0x9e37_79b1) | 1;
    for (let i = 0; i < 8; i++) this.word();
  }

  /** A signed 32-bit number. */
  word(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x;
  }

  /** 0 to n - 1. */
  below(n: number): number {
    return (this.word() >>> 0) % n;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** An edge value half of the time, otherwise a small or any value. */
  value(): U64 {
    const kind = this.below(4);
    if (kind < 2) return this.pick(EDGES);
    return kind === 2 ? u64(this.below(200) - 100) : fromHalves(this.word(), this.word());
  }
}

/** 0, 1, 2^31 ± 1, 2^32, 2^63 ± 1, -1 and their like. */
export const EDGES: readonly U64[] = [
  ...[0, 1, -1, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32, -(2 ** 31), 63, 64].map((n) =>
    u64(n),
  ),
  fromHalves(0x7fff_ffff, -1),
  fromHalves(0x8000_0000, 0),
  fromHalves(0x8000_0000, 1),
];
