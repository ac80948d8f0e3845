// Loads example modules into a kernel, runs them and takes them out again: what they printed and returned. Not a test.
import type { Module } from "../module.ts";
import type { Kernel } from "../../kernel.ts";
import type { ModuleRecord } from "../../../scripts/module-examples.ts";

/** Lines that the kernel itself says of an init that returns a positive number. */
const SUSPICIOUS = /^do_init_module: /;

/** Loads them in order and runs their inits, then takes them out backwards. */
export function runModules(
  kernel: Kernel,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): readonly ModuleRecord[] {
  let seen = kernel.log.lines.length;
  const newLines = (): readonly string[] => {
    const lines = kernel.log.lines.slice(seen).map(({ text }) => text);
    seen = kernel.log.lines.length;
    return lines.filter((line) => !SUSPICIOUS.test(line));
  };
  const runs = files.map(({ name, bytes }) => {
    const module = kernel.modules.load(bytes, { name });
    const outcome = module.init();
    if (outcome?.kind === "oops") throw new Error(outcome.oops.text);
    if (outcome?.kind !== "return") throw new Error(`${name}: ${outcome?.kind ?? "no init"}`);
    return { module, name, printed: newLines(), returned: outcome.value.low };
  });
  return [...runs]
    .reverse()
    .map(({ module, ...run }) => ({ ...run, exit: run.returned < 0 ? [] : unload(module, newLines) }))
    .reverse();
}

/** An example without an exit stays in Linux for good; here it is made to go. */
function unload(module: Module, newLines: () => readonly string[]): readonly string[] {
  if (module.symbols.some(({ name }) => name === "cleanup_module")) {
    const outcome = module.unload();
    if (outcome?.kind !== "return") throw new Error(`${module.name}: exit did not return`);
  } else module.discard();
  return newLines();
}
