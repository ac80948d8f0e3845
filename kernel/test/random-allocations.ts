// Test support: long random sequences of allocations and frees on anything that allocates, against a model of plain arrays.
// It knows no allocator: pages, vmalloc areas and image strategies are wrapped by the tests that run them.
import { Random } from "../random.ts";

/** What is run. Addresses are bytes from any fixed place, so that a number holds them: subtract the region's start from an U64. */
export interface AllocatorUnderTest {
  /** Bytes of what is allocated for `bytes`, without guards: whole pages, or a power of two. */
  rounded(bytes: number): number;
  /** The first byte, or undefined where there is no room. */
  allocate(bytes: number): number | undefined;
  free(start: number): void;
  /** Bytes that the allocator's own account says are held. */
  held(): number;
  /** Least distance in bytes from one allocation's end to the next one's start; default 0. */
  readonly guardBytes?: number;
  /** Multiple that starts lie at; default 1. */
  readonly granuleBytes?: number;
  /** Writes `mark` somewhere into an allocation, wherever it would hurt others most; `intact` finds it again. */
  stamp?(start: number, bytes: number, mark: number): void;
  /** Whether the mark is still there; asked before each free. */
  intact?(start: number, bytes: number, mark: number): boolean;
  /** Called for some allocations that are held, as for looking behind their end. */
  inspect?(start: number, bytes: number): void;
}

export interface SequenceOptions {
  readonly seed: number;
  /** Allocations and frees. */
  readonly steps: number;
  /** Most allocations at a time. */
  readonly mostHeld: number;
  /** Bytes of the next allocation, made of a random number generator. */
  readonly size: (random: Random) => number;
}

export interface SequenceReport {
  readonly allocations: number;
  /** Allocations that found no room. */
  readonly refused: number;
  /** Most bytes held at a time. */
  readonly mostBytes: number;
}

interface Held {
  readonly start: number;
  readonly bytes: number;
  readonly mark: number;
}

/**
 * Allocates and frees at random and checks after every step: nothing overlaps, starts are aligned, a refusal changes no account, the account
 * is exact to the byte, marks survive; at the end everything is freed and the account is 0.
 * @throws Error with seed and step, so that a failure can be repeated
 */
export function runRandomAllocations(subject: AllocatorUnderTest, options: SequenceOptions): SequenceReport {
  const { seed, steps, mostHeld } = options;
  const random = new Random(seed);
  const { guardBytes = 0, granuleBytes = 1 } = subject;
  const held: Held[] = [];
  let [total, allocations, refused, mostBytes] = [0, 0, 0, 0];
  let step = 0;
  // The number held goes up and down, so that both emptiness and crowds are seen.
  let growing = true;
  const wrong = (what: string): Error => new Error(`seed ${seed}, step ${step}: ${what}`);

  const allocate = (): void => {
    const asked = options.size(random);
    const start = subject.allocate(asked);
    if (start === undefined) {
      refused++;
      growing = false;
      return;
    }
    const bytes = subject.rounded(asked);
    if (start % granuleBytes !== 0) throw wrong(`${start} is no multiple of ${granuleBytes}`);
    const other = held.find(
      (h) => start < h.start + h.bytes + guardBytes && h.start < start + bytes + guardBytes,
    );
    if (other !== undefined)
      throw wrong(`${bytes} bytes at ${start} overlap ${other.bytes} at ${other.start}`);
    allocations++;
    total += bytes;
    mostBytes = Math.max(mostBytes, total);
    const mark = random.below(0xff) + 1;
    subject.stamp?.(start, bytes, mark);
    held.push({ start, bytes, mark });
  };
  const free = (): void => {
    const index = random.below(held.length);
    const last = held.pop();
    const victim = index === held.length ? last : held[index];
    if (victim === undefined || last === undefined) return;
    if (index < held.length) held[index] = last;
    if (subject.intact?.(victim.start, victim.bytes, victim.mark) === false)
      throw wrong(`what was written to ${victim.bytes} bytes at ${victim.start} is lost`);
    subject.free(victim.start);
    total -= victim.bytes;
  };
  const checkAccount = (): void => {
    if (subject.held() !== total) throw wrong(`${total} bytes are held, the account says ${subject.held()}`);
  };

  checkAccount();
  for (; step < steps; step++) {
    if (held.length <= mostHeld / 4) growing = true;
    else if (held.length >= mostHeld) growing = false;
    if (random.below(100) < (growing ? 60 : 40) && held.length < mostHeld) allocate();
    else if (held.length > 0) free();
    checkAccount();
    const some = step % 64 === 0 ? held[random.below(held.length)] : undefined;
    if (some !== undefined) subject.inspect?.(some.start, some.bytes);
  }
  while (held.length > 0) free();
  checkAccount();
  return { allocations, refused, mostBytes };
}
