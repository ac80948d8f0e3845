// The code of a scene: a loop of calls that the host enters as a C function, the functions that are called, and the same loop
// with their work in place of the calls. Written with our assembler; the words of calls are the JIT's.
// r3: turns of the loop, r4: seed of the coin; returns the count that the callees keep in r28.
import { fromHalves, type U64 } from "../../word/long.ts";
import type { CallMachine } from "../../jit/call/sequence.ts";
import { encode } from "../../cpu/isa/encode.ts";
import { text, type Item } from "./code.ts";
import type { Random } from "../../kernel/random.ts";
import type { Flush, Scene } from "./scenario.ts";

/** What an observer takes for the place of a flush: an instruction that does nothing. */
const FLUSH_MARK = text("ori r11,r11,0");
/** Its word. */
export const FLUSH_MARK_WORD = encode("ori", { RA: 11, RS: 11 });

/** Bytes of a frame of a JITed function without BPF stack: 32, 24 of locals and 40 of saved registers. [Linux arch/powerpc/net/bpf_jit64.h] */
const FRAME_BYTES = 96;
/** The driver's own: 32, and r14, r15, r28 and r29. */
const ENTER = text(`
  mflr r0; std r0,16(r1); stdu r1,-64(r1)
  std r14,32(r1); std r15,40(r1); std r28,48(r1); std r29,56(r1)
  mr r14,r3; mr r15,r4; mr r29,r0; li r28,0`);
const LEAVE = text(`
  mr r3,r28
  ld r14,32(r1); ld r15,40(r1); ld r28,48(r1); ld r29,56(r1)
  addi r1,r1,64; ld r0,16(r1); mtlr r0; blr`);
const NEXT_TURN: readonly Item[] = [text("addic. r14,r14,-1"), { kind: "branch", on: "ne", to: "turn" }];
/** A step of a 64-bit xorshift generator, and a bit of it into CR0. */
const COIN = text(`
  sldi r0,r15,13; xor r15,r15,r0; srdi r0,r15,7; xor r15,r15,r0; sldi r0,r15,17; xor r15,r15,r0
  andi. r0,r15,0x100`);

/** Seeds of the coin, another for each run: of the same one predictors would know the turns from the run before. */
export function coins(random: Random): (run: number) => U64 {
  const seed = fromHalves(random.u32(), random.u32() | 1);
  return (run) => seed.mul(2 * run + 1);
}

/** Work of every function: it counts its calls. */
const COUNT = text("addi r28,r28,1");
const RETURN = text("blr");
const NOP = encode("ori", {});
/** What a function does that calls another, around its work and the call. */
const MAKE_FRAME = text(`mflr r0; std r0,16(r1); stdu r1,-${FRAME_BYTES}(r1)`);
const DROP_FRAME = text(`addi r1,r1,${FRAME_BYTES}; ld r0,16(r1)`);
const RESTORE_LR = text("mtlr r0");
/** The same instruction, of a register that has been there: no call has set LR anew, so the next copy of it would wait for this one. */
const RESTORE_LR_INLINE = text("mtlr r29");

/** What stands where a call would be: the call, or what the callee does. */
export type Caller = "calls" | "inline";

/** The driver: `call k` of its code is that of site k. Labels `site_k`. */
export function driver(scene: Scene, caller: Caller): readonly Item[] {
  const at = (site: number): readonly Item[] => [
    { kind: "label", name: `site_${site}` },
    ...(scene.flush === "count-cache" ? [FLUSH_MARK] : []),
    ...(caller === "calls" ? [call(site)] : inline(scene, scene.sites[site] ?? 0)),
  ];
  /** Not executed. */
  const gap = (site: number): readonly Item[] => [
    { kind: "words", words: Array.from({ length: scene.gaps[site] ?? 0 }, () => NOP) },
  ];
  const turn: Item = { kind: "label", name: "turn" };
  if (scene.order === "coin")
    return [
      ENTER,
      turn,
      COIN,
      { kind: "branch", on: "eq", to: "site_1" },
      ...at(0),
      { kind: "jump", to: "next" },
      ...gap(0),
      ...at(1),
      { kind: "label", name: "next" },
      ...NEXT_TURN,
      LEAVE,
    ];
  const { order } = scene;
  if (order.length === 1) return [ENTER, turn, ...at(0), ...NEXT_TURN, LEAVE];
  const after = new Map(order.map((site, i) => [site, order[i + 1]]));
  return [
    ENTER,
    turn,
    { kind: "jump", to: `site_${order[0] ?? 0}` },
    { kind: "label", name: "next" },
    ...NEXT_TURN,
    LEAVE,
    ...scene.sites.flatMap((_, site): readonly Item[] => {
      const next = after.get(site);
      return [...at(site), { kind: "jump", to: next === undefined ? "next" : `site_${next}` }, ...gap(site)];
    }),
  ];
}

/** A function that is called, of ELFv2. Its one call, if it has one, is `call 0`. */
export function callee(scene: Scene, number: number, loadToc: Item): readonly Item[] {
  const [before, after] = work(scene, number);
  const isLeaf = scene.functions[number] === undefined;
  return [
    loadToc,
    ...before,
    ...(isLeaf ? [] : [call(0)]),
    ...after,
    ...(isLeaf ? [] : [RESTORE_LR]),
    RETURN,
  ];
}

/** What a JITed function of ELFv2 begins with; a caller that has the TOC in r2 may enter behind it. */
export const tocLoad = ({ pacaKernelToc }: Pick<CallMachine, "pacaKernelToc">): Item =>
  text(`ld r2,${pacaKernelToc}(r13)`);
/** Bytes of `tocLoad`. */
export const TOC_LOAD_BYTES = 4;

/** The work of a function and of those that it calls, without any call. */
function inline(scene: Scene, number: number): readonly Item[] {
  const [before, after] = work(scene, number);
  const called = scene.functions[number];
  if (called === undefined) return [...before, ...after];
  return [...before, ...inline(scene, called), ...after, RESTORE_LR_INLINE];
}

/** What a function does before and behind its call. */
function work(scene: Scene, number: number): readonly [readonly Item[], readonly Item[]] {
  const own = [...flushed(scene.flush), COUNT];
  return scene.functions[number] === undefined ? [own, []] : [[MAKE_FRAME, ...own], [DROP_FRAME]];
}

const flushed = (flush: Flush | undefined): readonly Item[] => (flush === "link-stack" ? [FLUSH_MARK] : []);

const call = (site: number): Item => ({ kind: "call", site });

/** Calls in one turn of the loop, those of called functions included. */
export function callsPerTurn({ order, sites, functions }: Scene): number {
  const turn = order === "coin" ? sites.slice(0, 1) : order.map((site) => sites[site] ?? 0);
  const depth = (number: number): number => {
    const called = functions[number];
    return called === undefined ? 1 : 1 + depth(called);
  };
  return turn.reduce((sum, number) => sum + depth(number), 0);
}
