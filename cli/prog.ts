// `farcall prog`: what bpftool prints of a loaded program: its instructions after loading, its code, its properties.
import { Command } from "commander";
import { StageError, UsageError } from "./errors.ts";
import { readInput } from "./files.ts";
import { group } from "./group.ts";
import { choice } from "./names.ts";
import { count } from "./numbers.ts";
import { bpfOptions, valued, withOption } from "./options.ts";
import type { BpfOptions, WithOptions } from "./options.ts";
import { printJson, printLines } from "./output.ts";
import type { Detail, ProgramView } from "./prog-view.ts";
import type { RunInput, Session } from "./session.ts";

interface Options extends BpfOptions, WithOptions {
  readonly json?: true;
  readonly kptrRestrict?: true;
  readonly cycles?: true;
  readonly dataIn?: string;
  readonly ctxIn?: string;
  readonly repeat?: number;
}

export function progCommand(): Command {
  const xlated = verb("xlated", "BPF instructions after loading, as the kernel holds them", async (view) => {
    const { xlatedDump } = await import("./prog-xlated.ts");
    return xlatedDump(view);
  });
  const jited = verb("jited", "the ppc64 code of each function", async (view, options, session) => {
    if (!options.jit)
      throw new StageError({ stage: "jit", errno: "EINVAL", message: "no instructions returned: --no-jit" });
    const { jitedDump } = await import("./prog-jited.ts");
    if (options.cycles !== true) return jitedDump(view);
    const { annotatedDump } = await import("./prog-cycles.ts");
    return annotatedDump(view, session, await cyclesInput(options));
  });
  cyclesOptions(jited);
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

function cyclesOptions(command: Command): void {
  command
    .option(
      "--cycles",
      "run the program; executions and cycles of each instruction on the timing model of --cpu",
    )
    .option("--data-in <file>", "with --cycles: the packet (default: 14 zero bytes)")
    .option("--ctx-in <file>", "with --cycles: the context; for a .bin program the memory that r1 points at")
    .addOption(
      valued(
        "--repeat <n>",
        "with --cycles: run so many times, and show the last (default: 1)",
        count("--repeat", 1, 0xffff_ffff),
      ),
    );
}

/** Throws UsageError where an option is given that says how to run, and nothing runs. */
function checkCyclesOptions({ cycles, dataIn, ctxIn, repeat }: Options): void {
  if (cycles === true) return;
  for (const [name, value] of Object.entries({ "--data-in": dataIn, "--ctx-in": ctxIn, "--repeat": repeat }))
    if (value !== undefined) throw new UsageError(`${name}: nothing runs without --cycles`);
}

async function cyclesInput({ dataIn, ctxIn, repeat = 1 }: Options): Promise<RunInput> {
  const read = async (file: string | undefined): Promise<Uint8Array | undefined> =>
    file === undefined ? undefined : await readInput(file);
  return { dataIn: await read(dataIn), ctxIn: await read(ctxIn), repeat };
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
  print: (view: ProgramView, options: Options, session: Session) => Promise<Printed>,
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
  command.addOption(withOption());
  return bpfOptions(command)
    .option("--kptr-restrict", "as kernel.kptr_restrict=2: no one sees kernel addresses")
    .option("--json", "one JSON document on standard output, with bpftool's keys")
    .addHelpText("after", `\nExample:\n  farcall prog ${path} examples/calls.el.o`)
    .action(async (file: string, ...rest: readonly unknown[]) => {
      const detail = isDump ? (rest[0] as Detail | undefined) : undefined;
      const options = rest[isDump ? 1 : 0] as Options;
      if (detail === "visual" && options.json === true)
        throw new UsageError("prog dump xlated: visual has no JSON");
      checkCyclesOptions(options);
      const inputs = [file, options.dataIn, options.ctxIn, ...options.with];
      if (inputs.filter((input) => input === "-").length > 1)
        throw new UsageError("standard input (-) can be read once only");
      const bytes = await readInput(file);
      const { openSession, checkPacket } = await import("./session.ts");
      const { readModules } = await import("./module-file.ts");
      const { viewProgram } = await import("./prog-view.ts");
      const session = openSession(file, bytes, options, await readModules(options.with));
      checkPacket(session, { "--data-in": options.dataIn });
      const view = viewProgram(session, options, detail);
      const { lines, json } = await print(view, options, session);
      if (options.json === true) printJson(json);
      else printLines(lines);
    });
}
