// `farcall prog`: what bpftool prints of a loaded program: its instructions after loading, its code, its properties.
import { Command } from "commander";
import { StageError } from "./errors.ts";
import { readInput } from "./files.ts";
import { group } from "./group.ts";
import { bpfOptions } from "./options.ts";
import type { BpfOptions } from "./options.ts";
import { printJson, printLines } from "./output.ts";
import type { Session } from "./session.ts";

interface Options extends BpfOptions {
  readonly json?: true;
}

export function progCommand(): Command {
  const xlated = verb(
    "xlated",
    "BPF instructions after loading, as the kernel holds them",
    async (session) => {
      const { xlatedDump } = await import("./prog-xlated.ts");
      return xlatedDump(session);
    },
  );
  const jited = verb("jited", "the ppc64 code of each function", async (session, options) => {
    if (!options.jit)
      throw new StageError({ stage: "jit", errno: "EINVAL", message: "no instructions returned: --no-jit" });
    const { jitedDump } = await import("./prog-jited.ts");
    return jitedDump(session, options.cpu);
  });
  const show = verb("show", "properties of a loaded program", async (session) => {
    const { showProgram } = await import("./prog-show.ts");
    return showProgram(session);
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

function verb(
  name: string,
  description: string,
  print: (session: Session, options: Options) => Promise<Printed>,
): Command {
  const command = new Command(name)
    .description(description)
    .argument(
      "<file>",
      "ELF object of clang, LLVM-spelled assembly (.s) or raw instructions (.bin); - for standard input",
    );
  const path = name === "show" ? name : `dump ${name}`;
  return bpfOptions(command)
    .option("--json", "one JSON document on standard output, with bpftool's keys")
    .addHelpText("after", `\nExample:\n  farcall prog ${path} examples/calls.el.o`)
    .action(async (file: string, options: Options) => {
      const bytes = await readInput(file);
      const { openSession } = await import("./session.ts");
      const { lines, json } = await print(openSession(file, bytes, options), options);
      if (options.json === true) printJson(json);
      else printLines(lines);
    });
}
