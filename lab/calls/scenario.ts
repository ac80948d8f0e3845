// Every scenario: who calls whom, in which order, where the callees lie, what is flushed between. How code and memory are made
// of that is driver.ts's and places.ts's.
import type { Random } from "../../kernel/random.ts";
import type { Axis } from "./sequence-axis.ts";

/**
 * Where callees lie. `images`: each in an image of its own from the kernel's image allocator; `one-image`: one behind the other in
 * one image of it; the others in pages that the caller is as far away from as they say.
 */
export type Place = "images" | "one-image" | "next-page" | "same-2m" | "same-32m" | "scattered";

/** What a processor forgets before each call (count cache) or inside the callee (link stack), as at a switch to another process. */
export type Flush = "count-cache" | "link-stack";

/** A loop of calls. */
export interface Scene {
  /** The function that each site calls, by number; sites in the order of memory. */
  readonly sites: readonly number[];
  /**
   * Words behind each site that are not executed: compiled code has arguments and results between its calls, so calls are neither as close
   * as two in 32 bytes, for which a processor may keep one target only, nor all as far apart.
   */
  readonly gaps: readonly number[];
  /** Sites in the order of one turn of the loop; "coin": one of two at random in each turn. */
  readonly order: readonly number[] | "coin";
  /** The function that each function calls itself; undefined: a leaf. */
  readonly functions: readonly (number | undefined)[];
  readonly place: Place;
  readonly flush: Flush | undefined;
  /** Turns of the loop that are left out, and that are measured. */
  readonly turns: { readonly warmUp: number; readonly measured: number };
}

interface Common {
  readonly name: string;
  /** One line. */
  readonly summary: string;
}

/** A scenario, and what it is with a seed's random numbers. */
export type Scenario = Common &
  (
    | { readonly axis: "function"; readonly scene: (random: Random) => Scene }
    | { readonly axis: "helper"; readonly scene: () => Scene; readonly callee: "core" | "module" }
    | { readonly axis: Exclude<Axis, "function" | "helper"> }
  );

/** One call of one function. */
export const ONE_SITE: Scene = Object.freeze({
  sites: [0],
  gaps: [],
  order: [0],
  functions: [undefined],
  place: "images",
  flush: undefined,
  turns: { warmUp: 80, measured: 64 },
});

/** Words: with the shortest call through CTR, which is 4, and a branch they are more than 32 bytes. */
const LEAST_GAP = 4;
const GAPS = 5;

/** Each of so many sites calls a function of its own, in an order that stays the same. */
function many(count: number, place: Place = "one-image"): (random: Random) => Scene {
  const turns = Math.ceil(64 / count);
  return (random) => ({
    ...ONE_SITE,
    sites: upTo(count),
    gaps: upTo(count).map(() => LEAST_GAP + random.below(GAPS)),
    order: shuffled(count, random),
    functions: upTo(count).map(() => undefined),
    place,
    turns: { warmUp: 3 * turns, measured: turns },
  });
}

/** Functions that call one another, the last a leaf. */
function chain(depth: number): (random: Random) => Scene {
  const functions = upTo(depth).map((i) => (i === depth - 1 ? undefined : i + 1));
  const turns = { warmUp: 40, measured: Math.ceil(64 / depth) };
  return () => ({ ...ONE_SITE, functions, turns });
}

/** Sites, and callees, of the scenarios about places: more pages than any effective-to-real buffer holds, fewer sites than a count cache. */
const PLACED = 128;

/** All of them, in the order of tables. */
export const scenarios: readonly Scenario[] = Object.freeze([
  {
    name: "one-site",
    summary: "one call in a loop, the callee in an image of its own",
    axis: "function",
    scene: () => ONE_SITE,
  },
  {
    name: "sites-2",
    summary: "2 calls of 2 functions, in turn",
    axis: "function",
    scene: many(2),
  },
  {
    name: "sites-64",
    summary: "64 calls of 64 functions in one image, in a random order that stays the same",
    axis: "function",
    scene: many(64),
  },
  {
    name: "sites-512",
    summary: "512 calls of 512 functions in one image, in a random order that stays the same",
    axis: "function",
    scene: many(512),
  },
  {
    name: "random-2",
    summary: "2 calls of one function, one of them at random in each turn",
    axis: "function",
    scene: () => ({
      ...ONE_SITE,
      sites: [0, 0],
      gaps: [LEAST_GAP],
      order: "coin",
      turns: { warmUp: 160, measured: 160 },
    }),
  },
  {
    name: "chain-1",
    summary: "1 call deep: the callee calls nothing",
    axis: "function",
    scene: chain(1),
  },
  {
    name: "chain-2",
    summary: "2 calls deep: all but the last function save LR and make a frame",
    axis: "function",
    scene: chain(2),
  },
  { name: "chain-4", summary: "4 calls deep", axis: "function", scene: chain(4) },
  { name: "chain-8", summary: "8 calls deep", axis: "function", scene: chain(8) },
  {
    name: "next-page",
    summary: "128 calls of 128 functions in the page behind the caller's",
    axis: "function",
    scene: many(PLACED, "next-page"),
  },
  {
    name: "same-2m",
    summary:
      "128 calls of 128 functions in random chunks of one pack of 2 MiB: as many pages as the page size makes it",
    axis: "function",
    scene: many(PLACED, "same-2m"),
  },
  {
    name: "same-32m",
    summary: "128 calls of 128 functions, each in a page of its own in the caller's 32 MiB",
    axis: "function",
    scene: many(PLACED, "same-32m"),
  },
  {
    name: "scattered",
    summary: "128 calls of 128 functions, each in an image of its own, among the areas of a busy system",
    axis: "function",
    scene: many(PLACED, "scattered"),
  },
  {
    name: "scattered-16",
    summary: "the same with 16 functions: their pages are known to the processor all the time",
    axis: "function",
    scene: many(16, "scattered"),
  },
  {
    name: "flush-count-cache",
    summary: "one call in a loop, the count cache flushed before each",
    axis: "function",
    scene: () => ({ ...ONE_SITE, flush: "count-cache" }),
  },
  {
    name: "flush-link-stack",
    summary: "one call in a loop, the link stack flushed in each callee",
    axis: "function",
    scene: () => ({ ...ONE_SITE, flush: "link-stack" }),
  },
  {
    name: "helper",
    summary: "one call of a function of the kernel's text in a loop",
    axis: "helper",
    callee: "core",
    scene: () => ONE_SITE,
  },
  {
    name: "helper-flush",
    summary: "one call of a function of the kernel's text in a loop, the count cache flushed before each",
    axis: "helper",
    callee: "core",
    scene: () => ({ ...ONE_SITE, flush: "count-cache" }),
  },
  {
    name: "module-function",
    summary: "one call of a module's function in a loop: the kernel's TOC is loaded again behind it",
    axis: "helper",
    callee: "module",
    scene: () => ONE_SITE,
  },
  {
    name: "module-stub",
    summary: "one call from a module of a function of the kernel's text in a loop, through the loader's stub",
    axis: "module",
  },
  {
    name: "tail-call",
    summary: "a BPF program tail-calls another, once in each turn",
    axis: "tail-call",
  },
] satisfies Scenario[]);

/** The scenario of a name; undefined where there is none. */
export const scenarioNamed = (name: string): Scenario | undefined =>
  scenarios.find((each) => each.name === name);

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function shuffled(count: number, random: Random): readonly number[] {
  const order = [...upTo(count)];
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}
