// The control flow of a program as `bpftool prog dump xlated … visual` draws it: in DOT, for Graphviz.
// Blocks, edges and numbers are bpftool's own, which takes every exit that is not the function's last instruction for one that
// goes on.
import { isLongJump, jumpTarget, slotsOf, type Insn } from "../insn.ts";
import { BPF_CALL, BPF_EXIT, BPF_HELPER_CALL, BPF_JA, isJumpClass, operationOf } from "../opcodes.ts";
import { printXlated, type XlatedNames } from "./xlated.ts";

const ENTRY = 0;
const EXIT = 1;
const FIRST_BLOCK = 2;
const EDGE = `[style="solid,bold", color=black, weight=10, constraint=true]`;

interface Block {
  /** Slots, the last one included. */
  readonly head: number;
  readonly tail: number;
}

/**
 * Lines of the graph.
 * @param starts slots where functions start, in the order of the calls: bpftool numbers functions as it finds them
 * @param names of calls and immediates; calls of functions by distance alone, as bpftool has them here
 * @linux tools/bpf/bpftool/cfg.c dump_xlated_cfg
 */
export function drawControlFlow(
  insns: readonly Insn[],
  starts: readonly number[],
  names: XlatedNames,
): readonly string[] {
  const found = [...new Set([0, ...starts])].map((start, number) => ({ start, number }));
  const sorted = found.sort((a, b) => a.start - b.start);
  return [
    `digraph "DOT graph for eBPF program" {`,
    ...sorted.flatMap(({ start, number }, i) =>
      drawFunction(insns, number, { head: start, tail: (sorted[i + 1]?.start ?? insns.length) - 1 }, names),
    ),
    "}",
  ];
}

function drawFunction(
  insns: readonly Insn[],
  number: number,
  fn: Block,
  names: XlatedNames,
): readonly string[] {
  const blocks = blocksOf(insns, fn);
  const numbers = new Map(blocks.map(({ head }, i) => [head, FIRST_BLOCK + i]));
  const next = (i: number): number => (i + 1 < blocks.length ? FIRST_BLOCK + i + 1 : EXIT);
  const node = (block: number): string => `fn_${number}_bb_${block}`;
  const edge = (from: number, to: number): string => `\t${node(from)}:s -> ${node(to)}:n ${EDGE};`;
  const special = (block: number, label: string): readonly string[] => [
    `\t${node(block)} [shape=Mdiamond,style=filled,label="${label}"];`,
    "",
  ];
  return [
    `subgraph "cluster_${number}" {`,
    `\tstyle="dashed";`,
    `\tcolor="black";`,
    `\tlabel="func_${number} ()";`,
    ...special(ENTRY, "ENTRY"),
    ...blocks.flatMap((block, i) => drawBlock(insns, node(FIRST_BLOCK + i), fn.head, block, names)),
    ...special(EXIT, "EXIT"),
    edge(ENTRY, FIRST_BLOCK),
    ...blocks.flatMap(({ tail }, i) =>
      followers(insns, tail, next(i), numbers).map((to) => edge(FIRST_BLOCK + i, to)),
    ),
    `\t${node(ENTRY)}:s -> ${node(EXIT)}:n [style="invis", constraint=true];`,
    "}",
  ];
}

/** Slots count from the function's start. */
function drawBlock(
  insns: readonly Insn[],
  node: string,
  start: number,
  { head, tail }: Block,
  names: XlatedNames,
): readonly string[] {
  const lines: string[] = [];
  for (let slot = head; slot <= tail;) {
    const text = printXlated(insns, slot, names).replaceAll(/[<>|&]/g, "\\$&");
    const number = String(slot - start).padStart(4);
    lines.push(
      `${lines.length === 0 ? `\t${node} [shape=record,style=filled,label="{` : " | "}${number}: ${text}\\l\\`,
    );
    const insn = insns[slot];
    slot += insn === undefined ? 1 : slotsOf(insn);
  }
  return [...lines, `}"];`, ""];
}

/** Whether the instruction jumps inside its function; where, and whether it may go on instead. */
function jumpOf(insns: readonly Insn[], slot: number): { to: number; goesOn: boolean } | undefined {
  const insn = insns[slot];
  if (insn === undefined || !isJumpClass(insn.code)) return undefined;
  const operation = operationOf(insn.code);
  if (operation === BPF_CALL || operation === BPF_EXIT) return undefined;
  return { to: jumpTarget(insn, slot), goesOn: operation !== BPF_JA && !isLongJump(insn) };
}

/** Blocks start where jumps go, and behind those that may go on. */
function blocksOf(insns: readonly Insn[], { head, tail }: Block): readonly Block[] {
  const heads = new Set([head]);
  for (let slot = head; slot <= tail; slot++) {
    const jump = jumpOf(insns, slot);
    if (jump === undefined) continue;
    heads.add(jump.to);
    if (jump.goesOn) heads.add(slot + 1);
  }
  const sorted = [...heads].filter((slot) => slot >= head && slot <= tail).sort((a, b) => a - b);
  return sorted.map((start, i) => ({ head: start, tail: (sorted[i + 1] ?? tail + 1) - 1 }));
}

/**
 * Numbers of the blocks that come next.
 * @param next of the block behind this one
 * @param numbers by the slots where blocks start
 */
function followers(
  insns: readonly Insn[],
  tail: number,
  next: number,
  numbers: ReadonlyMap<number, number>,
): readonly number[] {
  const insn = insns[tail];
  // bpftool takes a call for a conditional jump by `off`; with the call of a function, whose `off` leads outside, it ends.
  if (insn !== undefined && isHelperCall(insn)) return [next, next];
  const jump = jumpOf(insns, tail);
  if (jump === undefined) return [next];
  const target = numbers.get(jump.to) ?? EXIT;
  return jump.goesOn ? [next, target] : [target];
}

function isHelperCall({ code, src }: Insn): boolean {
  return isJumpClass(code) && operationOf(code) === BPF_CALL && src === BPF_HELPER_CALL;
}
