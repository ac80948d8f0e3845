// The matrix of ways to call and machines to do it on: its axes, designs that cover all pairs of them, and which cells cannot be and
// why, told from addresses and processors alone. Runs nothing; the rule knows nothing of how the JIT finds out. Not a test.
import { layouts, type KernelOptions } from "../index.ts";
import { helperSequences } from "../jit/call/helper-sequences.ts";
import type { CallSequenceName, HelperSequenceName } from "../jit/call/sequence.ts";
import { callSequences } from "../jit/call/sequences.ts";

export interface Machine {
  readonly cpu: "power8" | "power9" | "power10";
  readonly layout: string;
  readonly order: `${"le" | "be"} ${"elfv1" | "elfv2"}`;
  /** Images in vmalloc, or behind the kernel in the linear map. */
  readonly imageAlloc: "module_alloc" | "near-text";
}

export interface Cell extends Machine {
  readonly call: CallSequenceName;
  readonly helper: HelperSequenceName;
}

/** Values of each axis; the default machine has the first of each. */
export const AXES: { readonly [A in keyof Cell]: readonly Cell[A][] } = {
  cpu: ["power9", "power8", "power10"],
  layout: layouts.map(({ name }) => name),
  order: ["le elfv2", "be elfv1", "be elfv2", "le elfv1"],
  imageAlloc: ["module_alloc", "near-text"],
  call: callSequences.map(({ name }) => name),
  helper: helperSequences.map(({ name }) => name),
};

export const machineOptions = ({ cpu, layout, order, imageAlloc }: Machine): KernelOptions => {
  const [endian, abi] = order.split(" ") as ["le" | "be", "elfv1" | "elfv2"];
  return { cpu, layout, endian, abi, imageAlloc, ramBytes: 128 * 2 ** 20 };
};

/** POWER8 has no radix MMU [Power ISA v2.07B III 5.7]; there is no such machine. */
export const isMachine = ({ cpu, layout }: Machine): boolean =>
  !(cpu === "power8" && layout.startsWith("radix"));

/** Why a program with calls of both kinds is refused. */
export interface Reason {
  readonly errno: "ERANGE" | "ENOTSUPP";
  readonly kind: "bpf" | "helper";
}

/**
 * All reasons, the first of which in the program's order the JIT gives. Prefixed instructions came with POWER10. The kernel's text
 * starts at 0xc000_0000_0000_0000, vmalloc 64 TiB or more above it: no `bl` of 32 MiB goes there.
 */
export function reasons({ cpu, call, helper, imageAlloc }: Cell): readonly Reason[] {
  return [
    ...(call === "pcrel" && cpu !== "power10" ? [{ errno: "ENOTSUPP", kind: "bpf" } as const] : []),
    ...(helper === "pcrel" && cpu !== "power10" ? [{ errno: "ENOTSUPP", kind: "helper" } as const] : []),
    ...(helper === "near" && imageAlloc === "module_alloc"
      ? [{ errno: "ERANGE", kind: "helper" } as const]
      : []),
  ];
}

/** Every cell of a machine that there is. */
export function allCells(): readonly Cell[] {
  const machines = AXES.cpu.flatMap((cpu) =>
    AXES.layout.flatMap((layout) =>
      AXES.order.flatMap((order) =>
        AXES.imageAlloc.map((imageAlloc) => ({ cpu, layout, order, imageAlloc })),
      ),
    ),
  );
  return machines
    .filter(isMachine)
    .flatMap((machine) =>
      AXES.call.flatMap((call) => AXES.helper.map((helper) => ({ ...machine, call, helper }))),
    );
}

/** Every pair of values of two axes, as text. */
function pairsOf(cell: Cell): readonly string[] {
  const values = (Object.keys(AXES) as (keyof Cell)[]).map((axis) => `${axis} ${cell[axis]}`);
  return values.flatMap((a, i) => values.slice(i + 1).map((b) => `${a}, ${b}`));
}

/** Few of `cells`, in which every pair that occurs in them occurs; the same ones always. */
export function coveringPairs(cells: readonly Cell[]): readonly Cell[] {
  const numbers = new Map<string, number>();
  const pairs = cells.map((cell) =>
    pairsOf(cell).map((pair) => numbers.get(pair) ?? (numbers.set(pair, numbers.size), numbers.size - 1)),
  );
  const isCovered = new Uint8Array(numbers.size);
  const chosen: Cell[] = [];
  for (let left = numbers.size; left > 0;) {
    let [best, most] = [0, 0];
    pairs.forEach((each, at) => {
      const fresh = each.reduce((sum, pair) => sum + 1 - (isCovered[pair] ?? 1), 0);
      if (fresh > most) [best, most] = [at, fresh];
    });
    const cell = cells[best];
    if (cell === undefined) break;
    chosen.push(cell);
    for (const pair of pairs[best] ?? []) isCovered[pair] = 1;
    left -= most;
  }
  return chosen;
}

/** Cells by their machine, so that each is booted once. */
export function byMachine(cells: readonly Cell[]): ReadonlyMap<string, readonly Cell[]> {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = `${cell.layout} ${cell.imageAlloc} ${cell.cpu} ${cell.order}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cell]);
    else group.push(cell);
  }
  return groups;
}
