// Cycles by function: the instructions of a metered run under the symbols that they belong to.
import { hex64, type U64 } from "../../word/long.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { InsnCycles } from "./insn-table.ts";
import type { CycleMeter, Range } from "./meter.ts";

/** What one function came to in the last run. */
export interface FunctionCycles extends Range {
  /** As kallsyms has it; `stub of NAME [MODULE]`; the address of other code without a symbol. */
  readonly name: string;
  /** Instructions executed. */
  readonly instructions: number;
  /** Its body is TypeScript: only the instructions around it are counted. */
  readonly isHost: boolean;
}

interface Collected {
  readonly name: string;
  instructions: number;
  isHost: boolean;
  /** By model, the likeliest first. */
  readonly cycles: number[];
}

/** A symbol's name without the dot that ELFv1 puts before code. */
function plainName(name: string): string {
  return name.startsWith(".") ? name.slice(1) : name;
}

/** Where the function at an address starts, and its name: a module's stubs, which kallsyms has not, by what they branch to. */
function placeOf(
  { kallsyms, modules }: Pick<Kernel, "kallsyms" | "modules">,
  address: U64,
): { readonly start: string; readonly name: string } {
  const symbol = kallsyms.lookup(address);
  if (symbol !== undefined) {
    const module = symbol.module === undefined ? "" : ` [${symbol.module}]`;
    return { start: hex64(symbol.address), name: `${plainName(symbol.name)}${module}` };
  }
  const found = modules.stubAt(address);
  const start = hex64(found?.stub.address ?? address);
  return { start, name: found === undefined ? start : `stub of ${found.stub.symbol} [${found.module.name}]` };
}

/** Every function that executed anything, the most expensive first. */
export function functionCycles(
  kernel: Pick<Kernel, "kallsyms" | "modules" | "text">,
  meter: CycleMeter,
): readonly FunctionCycles[] {
  const found = new Map<string, Collected>();
  const collect = (insns: readonly InsnCycles[], model: number): void => {
    for (const { address, executions, cycles } of insns) {
      const { start, name } = placeOf(kernel, address);
      const entry = found.get(start) ?? { name, instructions: 0, isHost: false, cycles: [] };
      found.set(start, entry);
      entry.cycles[model] = (entry.cycles[model] ?? 0) + cycles;
      if (model > 0) continue;
      entry.instructions += executions;
      entry.isHost ||= kernel.text.trapAt(address)?.kind === "function";
    }
  };
  [meter.last.insns, ...meter.otherInsns].forEach(collect);
  return [...found.values()]
    .map(({ name, instructions, isHost, cycles }) => ({
      name,
      instructions,
      isHost,
      cycles: cycles[0] ?? 0,
      low: Math.min(...cycles),
      high: Math.max(...cycles),
    }))
    .sort((a, b) => b.cycles - a.cycles || (a.name < b.name ? -1 : 1));
}

/** The fewest instructions that together have half of the cycles: the hot ones. */
export function hotInsns(insns: readonly InsnCycles[]): ReadonlySet<string> {
  const all = insns.reduce((total, { cycles }) => total + cycles, 0);
  const hot = new Set<string>();
  let cycles = 0;
  for (const insn of [...insns].sort((a, b) => b.cycles - a.cycles || a.address.compare(b.address))) {
    if (2 * cycles >= all) break;
    cycles += insn.cycles;
    hot.add(hex64(insn.address));
  }
  return hot;
}
