// The runner itself: allocators that are wrong in one way each are caught.
import { describe, expect, it } from "vitest";
import { runRandomAllocations, type AllocatorUnderTest, type SequenceOptions } from "./random-allocations.ts";

const BYTES = 4096;
const options: SequenceOptions = {
  seed: 1,
  steps: 2000,
  mostHeld: 20,
  size: (random) => random.below(400) + 1,
};

/** First fit over an array of bytes: right, unless told otherwise. */
function arena(
  fault: "none" | "overlaps" | "leaks" | "forgets" | "misaligned" = "none",
): AllocatorUnderTest & { readonly taken: Uint8Array } {
  const taken = new Uint8Array(BYTES);
  const sizes = new Map<number, number>();
  const memory = new Uint8Array(BYTES);
  return {
    taken,
    granuleBytes: 8,
    rounded: (bytes) => Math.ceil(bytes / 8) * 8,
    allocate(bytes) {
      const length = Math.ceil(bytes / 8) * 8;
      for (let start = 0; start + length <= BYTES; start += 8) {
        if (taken.subarray(start, start + length - (fault === "overlaps" ? 8 : 0)).includes(1)) continue;
        taken.fill(1, start, start + length);
        sizes.set(start, length);
        return fault === "misaligned" && sizes.size === 5 ? start + 4 : start;
      }
      return undefined;
    },
    free(start) {
      const length = sizes.get(start) ?? 0;
      sizes.delete(start);
      if (fault === "leaks" && length === 392) return;
      taken.fill(0, start, start + length);
    },
    held: () => taken.reduce((sum, byte) => sum + byte, 0),
    stamp: (start, bytes, mark) => {
      memory.fill(mark, start, start + bytes);
      if (fault === "forgets" && start > 1000) memory[start] = 0;
    },
    intact: (start, bytes, mark) => memory.subarray(start, start + bytes).every((byte) => byte === mark),
  };
}

describe("the runner of random sequences", () => {
  it("passes an allocator that is right, through times of refusal, and leaves nothing held", () => {
    const subject = arena();
    const report = runRandomAllocations(subject, options);
    expect(report.allocations).toBeGreaterThan(500);
    expect(report.refused).toBeGreaterThan(0);
    expect(report.mostBytes).toBeLessThanOrEqual(BYTES);
    expect(subject.taken.includes(1)).toBe(false);
  });
  it("names seed and step of what is wrong", () => {
    for (const [fault, message] of [
      ["overlaps", /^seed 1, step \d+: \d+ bytes at \d+ overlap/],
      ["leaks", /^seed 1, step \d+: \d+ bytes are held, the account says/],
      ["forgets", /^seed 1, step \d+: what was written to .* is lost/],
      ["misaligned", /^seed 1, step \d+: \d+ is no multiple of 8/],
    ] as const)
      expect(() => runRandomAllocations(arena(fault), options), fault).toThrow(message);
  });
});
