// `farcall prog`: what bpftool prints of a loaded program: its instructions after loading, its code, its properties.
import { Command } from "commander";
import { StageError, UsageError } from "./errors.ts";
import { readInput } from "./files.ts";
import { group } from "./group.ts";
import { choice } from "./names.ts";
import { bpfOptions } from "./options.ts";
import type { BpfOptions } from "./options.ts";
import { printJson, printLines } from "./output.ts";
import type { Detail, ProgramView } from "./prog-view.ts";

interface Options extends BpfOptions {
  readonly json?: true;
  readonly kptrRestrict?: true;
}

export function progCommand(): Command {
  const xlated = verb("xlated", "BPF instructions after loading, as the kernel holds them", async (view) => {
    const { xlatedDump } = await import("./prog-xlated.ts");
    return xlatedDump(view);
  });
  const jited = verb("jited", "the ppc64 code of each function", async (view, options) => {
    if (!options.jit)
      throw new StageError({ stage: "jit", errno: "EINVAL", message: "no instructions returned: --no-jit" });
    const { jitedDump } = await import("./prog-jited.ts");
    return jitedDump(view);
  });
  const show = verb("show", "properties of a loaded program", async (view) => {
    const { showProgram } = await import("./prog-show.ts");
    return showProgram(view);
  });
  const dump = group(
    "prog dump",
    "instructions of a loaded program: xlated or jited",
    "prog dump jited examples/calls.el.o",
    [xlated, jited],
  );
  return group(
    "prog",
    "a loaded program, as bpftool prints it: dump or show",
    "prog show examples/calls.el.o",
    [dump, show],
  );
}

/** What a verb prints, for people and as JSON. */
export interface Printed {
  readonly lines: readonly string[];
  readonly json: unknown;
}

const JITED_DETAILS = ["opcodes", "linum"] as const;
const XLATED_DETAILS = [...JITED_DETAILS, "visual"] as const;

function verb(
  name: string,
  description: string,
  print: (view: ProgramView, options: Options) => Promise<Printed>,
): Command {
  const command = new Command(name)
    .description(description)
    .argument(
      "<file>",
      "ELF object of clang, LLVM-spelled assembly (.s) or raw instructions (.bin); - for standard input",
    );
  const isDump = name !== "show";
  const path = isDump ? `dump ${name}` : name;
  if (isDump)
    command.argument(
      "[detail]",
      `opcodes: bytes below each instruction; linum: file, line and column${name === "xlated" ? "; visual: control flow in DOT" : ""}`,
      choice<Detail>("prog dump", name === "xlated" ? XLATED_DETAILS : JITED_DETAILS),
    );
  return bpfOptions(command)
    .option("--kptr-restrict", "as kernel.kptr_restrict=2: no one sees kernel addresses")
    .option("--json", "one JSON document on standard output, with bpftool's keys")
    .addHelpText("after", `\nExample:\n  farcall prog ${path} examples/calls.el.o`)
    .action(async (file: string, ...rest: readonly unknown[]) => {
      const detail = isDump ? (rest[0] as Detail | undefined) : undefined;
      const options = rest[isDump ? 1 : 0] as Options;
      if (detail === "visual" && options.json === true)
        throw new UsageError("prog dump xlated: visual has no JSON");
      const bytes = await readInput(file);
      const { openSession } = await import("./session.ts");
      const { viewProgram } = await import("./prog-view.ts");
      const view = viewProgram(openSession(file, bytes, options), options, detail);
      const { lines, json } = await print(view, options);
      if (options.json === true) printJson(json);
      else printLines(lines);
    });
}
