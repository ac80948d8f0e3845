// The tree against a sorted array: first fit, order, neighbors, whatever is put in and taken out.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import { RangeTree, type FitRequest, type PageRange } from "./range-tree.ts";

/** First fit as it is said: the lowest stretch that is sure to hold it, else the lowest that happens to. */
function modelFit(ranges: readonly PageRange[], request: FitRequest): number | undefined {
  for (const length of [request.count + request.step - 1, request.count])
    for (const { start, end } of ranges) {
      if (end - start < length) continue;
      const page = Math.ceil(Math.max(start, request.start) / request.step) * request.step;
      if (page + request.count > end) continue;
      if (page + request.count <= request.end) return page;
      break;
    }
  return undefined;
}

describe("a tree of ranges", () => {
  it("finds what a sorted array finds", () => {
    const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(12)), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(
        gaps,
        fc.array(fc.nat(200), { maxLength: 40 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 14 }), fc.nat(3), fc.nat(700), fc.nat(700)), {
          maxLength: 20,
        }),
        (lengths, removals, requests) => {
          let [page, model] = [0, [] as PageRange[]];
          for (const [length, gap] of lengths) {
            model.push({ start: page, end: page + length });
            page += length + gap;
          }
          const tree = new RangeTree<PageRange>();
          const shuffled = model
            .map((range, i) => ({ range, key: (i * 7919) % 101 }))
            .sort((a, b) => a.key - b.key);
          for (const { range } of shuffled) tree.insert(range);
          for (const n of removals) {
            const victim = model[n % Math.max(1, model.length)];
            if (victim === undefined) break;
            tree.remove(victim.start);
            model = model.filter((range) => range !== victim);
          }
          expect([...tree]).toEqual(model);
          expect(tree.size).toBe(model.length);
          for (const [count, shift, start, end] of requests) {
            const request = { count, step: 2 ** shift, start, end };
            expect(tree.firstFit(request)).toBe(modelFit(model, request));
            expect(tree.floor(start)).toEqual(model.findLast((range) => range.start <= start));
            expect(tree.holding(start)).toEqual(model.find((r) => r.start <= start && start < r.end));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
  it("replaces a stretch in place", () => {
    const tree = new RangeTree<PageRange>();
    for (let i = 0; i < 100; i++) tree.insert({ start: 10 * i, end: 10 * i + 1 });
    tree.replace(500, { start: 500, end: 509 });
    expect(tree.firstFit({ count: 5, step: 1, start: 0, end: 1000 })).toBe(500);
    tree.replace(500, { start: 507, end: 509 });
    expect(tree.firstFit({ count: 5, step: 1, start: 0, end: 1000 })).toBeUndefined();
    expect(tree.floor(506)?.start).toBe(490);
    for (const wrong of [5, 500]) {
      expect(() => {
        tree.remove(wrong);
      }).toThrow(RangeError);
      expect(() => {
        tree.replace(wrong, { start: 0, end: 1 });
      }).toThrow(RangeError);
    }
  });
  it("looks at few of 100,000 stretches, in whatever order they came", () => {
    for (const order of ["ascending", "descending", "random"] as const) {
      let looked = 0;
      const random = new Random(1);
      const count = 100_000;
      const tree = new RangeTree<PageRange>();
      const starts = Array.from({ length: count }, (_, i) => 4 * i);
      if (order === "descending") starts.reverse();
      if (order === "random")
        for (let i = count - 1; i > 0; i--) {
          const j = random.below(i + 1);
          [starts[i], starts[j]] = [starts[j] ?? 0, starts[i] ?? 0];
        }
      for (const start of starts)
        tree.insert({
          get start() {
            looked++;
            return start;
          },
          end: start + (start === 4 * (count - 2) ? 3 : 1),
        });
      looked = 0;
      expect(tree.firstFit({ count: 2, step: 1, start: 4, end: 2 ** 40 })).toBe(4 * (count - 2));
      expect(tree.floor(200_003)?.start).toBe(200_000);
      // An AVL tree of n nodes is at most 1.44 log2 n deep: 24; each is looked at three times or less, twice.
      expect(looked).toBeLessThan(24 * 6);
    }
  });
});
