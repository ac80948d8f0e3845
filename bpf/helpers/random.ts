// The pseudo-random generator behind bpf_get_prandom_u32: L'Ecuyer's LFSR113, which Linux's prandom_u32_state is.
// Seeded, so that a run can be repeated; the seeding is ours.

/** Each component: shifts of its recurrence, the mask of the bits that take part, the least valid state. */
const components = [
  { first: 6, second: 13, mask: 0xffff_fffe, shift: 18, least: 2 },
  { first: 2, second: 27, mask: 0xffff_fff8, shift: 2, least: 8 },
  { first: 13, second: 21, mask: 0xffff_fff0, shift: 7, least: 16 },
  { first: 3, second: 12, mask: 0xffff_ff80, shift: 13, least: 128 },
] as const;

/**
 * @param seed any number; its low 32 bits count
 * @returns a function that gives the next 32 bits, unsigned
 * @source P. L'Ecuyer, "Tables of maximally equidistributed combined LFSR generators", 1999, lfsr113
 */
export function createRandom(seed: number): () => number {
  let filler = seed >>> 0;
  // A linear congruential generator only spreads the seed over the four states.
  const fill = (): number => (filler = (Math.imul(filler, 69_069) + 1) >>> 0);
  const states = components.map(({ least }) => {
    const state = fill();
    return state < least ? state + least : state;
  });
  const next = (): number =>
    components.reduce((out, { first, second, mask, shift }, i) => {
      const z = states[i] ?? 0;
      const b = ((z << first) ^ z) >>> second;
      const state = ((z & mask) << shift) ^ b;
      states[i] = state;
      return out ^ state;
    }, 0) >>> 0;
  for (let i = 0; i < 10; i++) next();
  return next;
}
