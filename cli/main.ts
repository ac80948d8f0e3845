// The command `farcall`: finds the verb, turns every error into one line and an exit code. Verbs do the work.
import { basename, relative } from "node:path";
import { Command, CommanderError } from "commander";
import { asmCommand } from "./asm.ts";
import { benchCommand } from "./bench.ts";
import { conformanceCommand } from "./conformance.ts";
import { cyclesCommand } from "./cycles.ts";
import { disasmCommand } from "./disasm.ts";
import { EXIT, StageError } from "./errors.ts";
import type { StageReport } from "./errors.ts";
import { execCommand } from "./exec.ts";
import { isaCommand } from "./isa.ts";
import { layoutsCommand } from "./layouts.ts";
import { moduleCommand } from "./module.ts";
import { nearest } from "./names.ts";
import { printable, printJson } from "./output.ts";
import { progCommand } from "./prog.ts";
import { rangesCommand } from "./ranges.ts";
import { runCommand } from "./run.ts";
import { laterCommands } from "./later.ts";

function createProgram(): Command {
  const program = new Command("farcall")
    .description("JITed BPF code on an emulated POWER processor: where it lives and how it calls")
    .version(process.env["FARCALL_VERSION"] ?? "development", "-V, --version")
    .usage("VERB [OPTION…] [FILE]");
  const commands = [
    runCommand(),
    progCommand(),
    rangesCommand(),
    execCommand(),
    asmCommand(),
    disasmCommand(),
    layoutsCommand(),
    moduleCommand(),
    isaCommand(),
    conformanceCommand(),
    cyclesCommand(),
    benchCommand(),
    ...laterCommands(),
  ];
  for (const command of commands) program.addCommand(command);
  program.addHelpText("after", "\nfarcall VERB --help shows the options of a verb, with an example.");
  for (const command of everyCommand(program)) quiet(command);
  return program;
}

function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** Errors are thrown, not printed; `--debug` is understood everywhere. */
function quiet(command: Command): void {
  command.exitOverride().configureOutput({
    outputError: () => undefined,
    writeOut: (text) => void process.stdout.write(asInvoked(text)),
  });
  if (command.commands.length === 0) command.option("--debug", "show stack traces");
}

/** Help whose examples start as this run did, so that they work when pasted: without an installed `farcall`, too. */
function asInvoked(help: string): string {
  const script = process.argv[1] ?? "farcall";
  const own = basename(script) === "farcall" ? "farcall" : `node ${relative(process.cwd(), script)}`;
  return help.replace(/^Example:\n.*/ms, (examples) =>
    examples.replaceAll(/\bfarcall (?=[a-z])/g, `${own} `),
  );
}

/** The line for people and the exit code of whatever was thrown. */
function explain(error: unknown, program: Command): { readonly line: string; readonly code: number } {
  if (error instanceof CommanderError) return { line: commandLineError(error, program), code: EXIT.unusable };
  const { name, message } = error instanceof Error ? error : { name: "", message: String(error) };
  switch (name) {
    case "UsageError":
    case "KernelUsageError":
    case "CpuUsageError":
    case "AssembleError":
    case "EncodeError":
      return { line: message, code: EXIT.unusable };
    case "StageError":
    case "Refused":
    case "MapMemoryError":
      return { line: message, code: EXIT.refused };
    default:
      return { line: `a bug of farcall's: ${name}: ${message} (--debug shows where)`, code: EXIT.bug };
  }
}

function commandLineError(error: CommanderError, program: Command): string {
  const message = error.message
    .replace(/^error: /, "")
    .replaceAll(/\n+/g, " ")
    .trim();
  const [, word] = /^unknown command '(.*?)'/.exec(message) ?? [];
  if (word === undefined || message.includes("(Did you mean")) return message;
  const names = program.commands.map((command) => command.name());
  const meant = nearest(word, names);
  return `unknown command '${word}' (${meant === undefined ? `there are: ${names.join(", ")}` : `did you mean '${meant}'?`})`;
}

/** The log of a refusal, without the line that was shown already. */
function moreThan(line: string, { report }: StageError): string {
  const rest = (report.log ?? "").trimEnd().split("\n");
  const lines = rest.filter((text) => text !== line && text !== "");
  return lines.map((text) => `${text}\n`).join("");
}

/** Every member of the report, in the order of the page on the command line. */
function fullReport({ stage, errno, message, log = "", ...rest }: StageReport): StageReport {
  return { stage, errno, message, log, ...rest };
}

/** Longest message that is shown. */
const LONGEST = 400;

/** One line of any message: what a terminal would take for a command or a new line is spelled out, and nothing goes on forever. */
function oneLine(message: string): string {
  const shown =
    message.length > LONGEST ? `${message.slice(0, LONGEST - 80)} … ${message.slice(-80)}` : message;
  return shown.replaceAll(
    /[\p{Cc}\u2028\u2029]/gu,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

async function main(): Promise<number> {
  const own = process.argv.slice(2, process.argv.includes("--") ? process.argv.indexOf("--") : undefined);
  const program = createProgram();
  try {
    if (own.length === 0)
      throw new CommanderError(EXIT.unusable, "usage", "no verb; farcall --help lists them");
    await program.parseAsync(process.argv);
    return typeof process.exitCode === "number" ? process.exitCode : EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    const { line: whole, code } = explain(error, program);
    const line = oneLine(whole);
    if (own.includes("--json"))
      printJson({ error: error instanceof StageError ? fullReport(error.report) : { message: line } });
    process.stderr.write(`farcall: ${line}\n`);
    if (error instanceof StageError && !own.includes("--json"))
      process.stderr.write(printable(moreThan(line, error)));
    if (own.includes("--debug") && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
    return code;
  }
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.done); // the reader has seen enough
  process.stderr.write(`farcall: standard output: ${oneLine(error.message)}\n`);
  process.exit(EXIT.unusable);
});
process.exitCode = await main();
