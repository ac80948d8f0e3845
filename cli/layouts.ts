// `farcall layouts`: the kernel address-space layouts, drawn, with what lies where in a kernel that was booted with one.
// The layouts themselves are kernel/layout's.
import { Command } from "commander";
import { drawMap } from "./address-map.ts";
import { UsageError } from "./errors.ts";
import { writeOutput } from "./files.ts";
import type { Shown } from "./layouts/regions.ts";
import { choice } from "./names.ts";
import { bpfOptions, valued, type BpfOptions } from "./options.ts";
import { paint, printJson, printLines } from "./output.ts";

interface Options extends Omit<BpfOptions, "layout"> {
  readonly with?: string;
  readonly arch?: string;
  readonly svg?: string;
  readonly json?: true;
}

const ARCHITECTURES = ["s390x", "x86_64", "arm64", "ppc64", "all"] as const;

export function layoutsCommand(): Command {
  const command = new Command("layouts")
    .description("draw the kernel address-space layouts; one of them with what lies where after boot")
    .argument("[name]", "one layout, or a JSON file of one (default: all)")
    .option("--with <file>", "a BPF program or a kernel module to load into the booted kernel")
    .addOption(
      valued(
        "--arch <name>",
        `reach of another machine's kernel layouts instead: ${ARCHITECTURES.join(", ")}`,
        choice("--arch", ARCHITECTURES),
      ),
    )
    .option("--svg <file>", "write a drawing to a file (default: text on standard output)")
    .option(
      "--json",
      "one JSON document on standard output; of one layout it can be edited and used for --layout",
    );
  bpfOptions(command);
  without(command, "--layout");
  return command
    .addHelpText("after", "\nExample:\n  farcall layouts hash64k-4.15 --with examples/calls.el.o")
    .action(run);
}

async function run(name: string | undefined, options: Options, command: Command): Promise<void> {
  const { arch } = options;
  if (arch !== undefined) {
    if (name !== undefined || options.svg !== undefined || isGiven(command))
      throw new UsageError(
        "--arch: other machines have a table of their reach only (--json and nothing else goes with it)",
      );
    await archReach(arch, options.json === true);
    return;
  }
  const { layouts } = await import("../kernel/layout/table.ts");
  const { layoutArgument } = await import("./layout-argument.ts");
  const chosen = name === undefined ? layouts : [layoutArgument("layout")(name)];
  const isBooted = name !== undefined || isGiven(command);
  const able = chosen.filter(({ mmu }) => name !== undefined || mmu === "hash" || options.cpu !== "power8");
  const { boot } = await import("./layouts/boot.ts");
  const shown = isBooted ? await boot(able, options) : chosen.map((layout) => ({ layout }));
  if (options.svg !== undefined) {
    const { drawSvg } = await import("./layouts/svg.ts");
    writeOutput(options.svg, new TextEncoder().encode(drawSvg(shown)));
  }
  if (options.json === true) {
    const { shownDocument } = await import("./layouts/document.ts");
    const documents = shown.map(shownDocument);
    printJson(name === undefined ? documents : documents[0]);
  } else if (options.svg === undefined) printLines(await drawing(shown));
}

async function archReach(wanted: string, json: boolean): Promise<void> {
  const { architectures } = await import("../kernel/layout/arch/table.ts");
  const { archDocument, archLines } = await import("./layouts/reach-table.ts");
  const chosen = architectures.filter(({ name }) => wanted === "all" || name === wanted);
  if (json) printJson(wanted === "all" ? chosen.map(archDocument) : chosen.map(archDocument)[0]);
  else printLines(chosen.flatMap((one, i) => [...(i > 0 ? [""] : []), ...archLines(one)]));
}

async function drawing(shown: readonly Shown[]): Promise<readonly string[]> {
  const { regionsOf } = await import("./layouts/regions.ts");
  const { reachLines } = await import("./layouts/reach-table.ts");
  const { bold } = paint();
  const maps = shown.flatMap((one) => {
    const { name, mmu, pageShift, version } = one.layout;
    const title = `${bold(name)}   ${mmu} MMU, ${1 << (pageShift - 10)}K pages, as Linux ${version.name}`;
    return [title, ...drawMap(regionsOf(one)), ""];
  });
  return [...maps, ...reachLines(shown.map(({ layout }) => layout))];
}

/** Whether an option of the machine or of loading was on the command line. */
function isGiven(command: Command): boolean {
  const own = ["svg", "json", "debug", "arch"];
  return command.options
    .map((option) => option.attributeName())
    .some((option) => !own.includes(option) && command.getOptionValueSource(option) === "cli");
}

/** Takes back an option of all verbs: the layout is the argument here. */
function without(command: Command, long: string): void {
  const options = command.options as unknown as { readonly long?: string }[];
  const index = options.findIndex((option) => option.long === long);
  if (index >= 0) options.splice(index, 1);
}
