// The layout that a kernel boots with: by name or the caller's own, on this processor and with this RAM.
// What holds without a machine is check.ts's.
import type { CpuModel } from "../../cpu/isa/row.ts";
import { KernelUsageError } from "../error.ts";
import { layoutProblem, ramProblem } from "./check.ts";
import type { Layout } from "./layout.ts";
import { DEFAULT_LAYOUT, layoutNamed, layouts } from "./table.ts";

/**
 * The layout of a machine.
 * @param wanted a name or a layout; the default one where there is none
 * @param ramEnd real address behind the last RAM
 * @throws KernelUsageError with one line that says what cannot be
 */
export function usableLayout(
  wanted: string | Layout = DEFAULT_LAYOUT,
  model: CpuModel,
  ramEnd: number,
): Layout {
  const layout = typeof wanted === "string" ? named(wanted) : wanted;
  if (layout.mmu === "radix" && model === "power8") {
    throw new KernelUsageError(`layout ${layout.name} needs power9 or power10: power8 has no radix MMU`);
  }
  const problem = layoutProblem(layout) ?? ramProblem(layout, ramEnd);
  if (problem !== undefined) throw new KernelUsageError(`layout ${layout.name}: ${problem}`);
  return layout;
}

function named(name: string): Layout {
  const layout = layoutNamed(name);
  if (layout !== undefined) return layout;
  throw new KernelUsageError(`no layout ${name}; there are ${layouts.map((l) => l.name).join(", ")}`);
}
