// `farcall layouts`: the kernel address-space layouts, drawn. The layouts themselves are kernel/layout's.
import { Command } from "commander";
import type { Layout } from "../kernel/layout/layout.ts";
import { hex64 } from "../word/long.ts";
import { drawMap, drawSvg, sizeOf } from "./address-map.ts";
import { writeOutput } from "./files.ts";
import { unknownName } from "./names.ts";
import { paint, printJson, printLines } from "./output.ts";

interface Options {
  readonly svg?: string;
  readonly json?: true;
}

export function layoutsCommand(): Command {
  return new Command("layouts")
    .description("draw the kernel address-space layouts")
    .argument("[name]", "one layout (default: all)")
    .option("--svg <file>", "write a drawing to a file (default: text on standard output)")
    .option("--json", "one JSON document on standard output")
    .addHelpText("after", "\nExample:\n  farcall layouts hash64k-4.15")
    .action(async (name: string | undefined, options: Options) => {
      const { layouts } = await import("../kernel/layout/table.ts");
      const chosen = name === undefined ? layouts : layouts.filter((layout) => layout.name === name);
      if (name !== undefined && chosen.length === 0)
        throw unknownName(
          "layout",
          name,
          layouts.map((layout) => layout.name),
        );
      if (options.svg !== undefined) {
        const svg = drawSvg(chosen.map((layout) => ({ title: layout.name, stretches: layout.regions })));
        writeOutput(options.svg, new TextEncoder().encode(svg));
      }
      if (options.json === true) printJson(chosen.map(document));
      else if (options.svg === undefined) printLines(chosen.flatMap(drawing));
    });
}

function drawing(layout: Layout, index: number): readonly string[] {
  const { bold } = paint();
  const pages = `${1 << (layout.pageShift - 10)}K pages`;
  return [
    ...(index > 0 ? [""] : []),
    `${bold(layout.name)}   ${layout.mmu} MMU, ${pages}, as Linux ${layout.version.name}`,
    ...drawMap(layout.regions),
  ];
}

function document(layout: Layout): unknown {
  return {
    name: layout.name,
    linux: layout.version.name,
    mmu: layout.mmu,
    page_size: 2 ** layout.pageShift,
    regions: layout.regions.map(({ name, start, end, note }) => ({
      name,
      start: hex64(start),
      end: hex64(end),
      size: sizeOf(start, end),
      note,
    })),
  };
}
