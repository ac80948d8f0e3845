// Benchmark: time of one allocation and one free while 10, 1,000 and 100,000 others are held, for each allocator of memory.
// A column beside each time divides it by log2 of the number held: what grows no faster than log n does not grow there.
import { Kernel } from "../kernel/kernel.ts";
import { ImageAllocError } from "../kernel/image-alloc/strategy.ts";
import { imageAllocStrategies } from "../kernel/image-alloc/table.ts";
import { regionNamed } from "../kernel/layout/layout.ts";
import { Random } from "../kernel/random.ts";
import type { U64 } from "../word/long.ts";

const COUNTS = [10, 1000, 100_000];
/** Frees and allocations of one measurement; freed addresses come back many times in it. */
const ROUND = 10_000;
const ROUNDS = 3;
/** 4K pages, and RAM for 100,000 of them beside the kernel. */
const MACHINE = { layout: "radix4k-6.12", ramBytes: 768 * 2 ** 20 } as const;

interface Subject<T> {
  readonly name: string;
  /** Undefined where there is no room. */
  allocate(): T | undefined;
  free(handle: T): void;
}

/** Microseconds of one free and one allocation with `count` held, the best of some rounds; how many were held where fewer fit. */
function measure<T>(
  subject: Subject<T>,
  count: number,
): { readonly microseconds: number; readonly held: number } {
  const held: T[] = [];
  while (held.length < count) {
    const handle = subject.allocate();
    if (handle === undefined) break;
    held.push(handle);
  }
  const random = new Random(count);
  const round = (): number => {
    const start = performance.now();
    for (let i = 0; i < ROUND; i++) {
      const index = random.below(held.length);
      const old = held[index];
      if (old === undefined) throw new Error(`${subject.name}: nothing is held`);
      subject.free(old);
      const handle = subject.allocate();
      if (handle === undefined) throw new Error(`${subject.name}: what was freed is not there again`);
      held[index] = handle;
    }
    return ((performance.now() - start) / ROUND) * 1000;
  };
  const microseconds = held.length === 0 ? NaN : Math.min(...Array.from({ length: ROUNDS }, round));
  const result = { microseconds, held: held.length };
  for (const handle of held) subject.free(handle);
  return result;
}

function* subjects(): Generator<Subject<unknown>> {
  const subject = <T>(s: Subject<T>): Subject<T> => s;
  const { pages, kmalloc, vmalloc, layout } = new Kernel(MACHINE);
  const { start, end } = regionNamed(layout, "vmalloc");
  yield subject<number>({
    name: "buddy: a page",
    allocate: () => pages.tryAllocate("user"),
    free: (real) => {
      pages.release(real);
    },
  });
  yield subject<number>({
    name: "kmalloc: 64 bytes",
    allocate: () => kmalloc.allocate(64),
    free: (real) => {
      kmalloc.free(real);
    },
  });
  const given = pages.allocateOrder(0, "user") ?? 0;
  yield subject<U64>({
    name: "vmap: a given page",
    allocate: () => vmalloc.allocate({ size: 0x1000, start, end, pages: [given] }),
    free: (address) => vmalloc.free(address),
  });
  yield subject<U64>({
    name: "vmalloc: a page",
    allocate: () => vmalloc.allocate({ size: 0x1000, start, end }),
    free: (address) => vmalloc.free(address),
  });
  for (const strategy of imageAllocStrategies) {
    const kernel = new Kernel(MACHINE);
    try {
      const argument = strategy.needsArgument === true ? strategy.defaultArgument?.(kernel) : undefined;
      const images = strategy.create(kernel, argument);
      yield subject<U64>({
        name: `image: ${strategy.name}`,
        allocate: () => images.allocate(images.granuleBytes),
        free: (address) => {
          images.free(address);
        },
      });
    } catch (error) {
      if (!(error instanceof ImageAllocError)) throw error;
    }
  }
}

/** Of a column, with room for how many fitted. */
const WIDTH = 28;
const cell = (text: string, width: number): string => text.padStart(width);
console.log(
  `${"".padEnd(24)}${COUNTS.map((n) => cell(`${n.toLocaleString("en")} held`, WIDTH)).join("")}   largest time / smallest`,
);
console.log(`${"".padEnd(24)}${COUNTS.map(() => cell("us  us/log2 n", WIDTH)).join("")}   per log2 n`);
for (const subject of subjects()) {
  const results = COUNTS.map((count) => ({ count, ...measure(subject, count) }));
  const perLog = ({ microseconds, held }: { microseconds: number; held: number }): number =>
    microseconds / Math.log2(held);
  const cells = results.map((result, i) => {
    const before = results[i - 1];
    if (before !== undefined && before.held < before.count) return cell("", WIDTH);
    const room = result.held < result.count ? `(room: ${result.held}) ` : "";
    return cell(`${room}${result.microseconds.toFixed(2)}  ${perLog(result).toFixed(2).padStart(6)}`, WIDTH);
  });
  const seen = results.filter(({ held }, i) => held > 1 && (i === 0 || held > (results[i - 1]?.held ?? 0)));
  const growth = Math.max(...seen.map(perLog)) / perLog(seen[0] ?? { microseconds: NaN, held: NaN });
  console.log(`${subject.name.padEnd(24)}${cells.join("")}   ${growth.toFixed(2)}`);
}
