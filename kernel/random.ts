// The kernel's random numbers: everything random in a run comes from one seed.
// Not for secrets; guest-visible bpf_get_prandom_u32 has a state of its own in bpf/.

/** A sequence of 32-bit numbers (xorshift with a Weyl sequence), the same for the same seed. */
export class Random {
  #x: number;
  #weyl: number;

  /** @param seed any safe integer */
  constructor(seed: number) {
    this.#x = (seed ^ 0x9e37_79b9) | 0 || 1;
    this.#weyl = Math.trunc(seed / 2 ** 32) | 0;
    for (let i = 0; i < 8; i++) this.u32();
  }

  /** 0 to 2^32 - 1. */
  u32(): number {
    let x = this.#x;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#x = x;
    this.#weyl = (this.#weyl + 0x6d2b_79f5) | 0;
    return Math.imul(x ^ (this.#weyl >>> 15), 0x2c1b_3c6d) >>> 0;
  }

  /** 0 to bound - 1. */
  below(bound: number): number {
    return this.u32() % bound;
  }
}
