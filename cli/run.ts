// `farcall run`: loads, checks, JITs and runs one program, as `bpftool prog run` does, and says what came of it.
import { Command } from "commander";
import { hex64 } from "../word/long.ts";
import { UsageError } from "./errors.ts";
import { readInput, writeOutput } from "./files.ts";
import { count } from "./numbers.ts";
import { bpfOptions, valued, withOption } from "./options.ts";
import type { BpfOptions, WithOptions } from "./options.ts";
import { hexBytes, paint, printJson, printLines, table } from "./output.ts";
import type { Done, Session } from "./session.ts";
import { tracing } from "./trace-output.ts";

interface Options extends BpfOptions, WithOptions {
  readonly dataIn?: string;
  readonly dataOut?: string;
  readonly ctxIn?: string;
  readonly repeat: number;
  readonly dumpMaps?: true;
  readonly cycles?: true;
  readonly json?: true;
}

/** What `cycles` has beside the program's result. */
interface CyclesReport {
  readonly json: object;
  readonly lines: readonly string[];
}

export function runCommand(): Command {
  const command = new Command("run")
    .description("load, check, JIT and run one BPF program")
    .argument(
      "<file>",
      "ELF object of clang, LLVM-spelled assembly (.s) or raw instructions (.bin); - for standard input",
    )
    .option("--data-in <file>", "the packet (default: 14 zero bytes)")
    .option("--data-out <file>", "write the packet as the program left it")
    .option("--ctx-in <file>", "the context; for a .bin program the memory that r1 points at")
    .addOption(
      valued(
        "--repeat <n>",
        "run so many times on the same packet",
        count("--repeat", 1, 0xffff_ffff),
      ).default(1),
    )
    .option("--dump-maps", "show the elements of every map")
    .addOption(withOption())
    .option("--cycles", "cycles on the timing model of --cpu, in all and by function");
  return bpfOptions(command)
    .option("--json", "one JSON document on standard output")
    .addHelpText(
      "after",
      "\nExample:\n  farcall run examples/xdp_parse.el.o --data-in examples/frame.bin --dump-maps",
    )
    .action(async (file: string, options: Options) => {
      if ([file, options.dataIn, options.ctxIn, ...options.with].filter((name) => name === "-").length > 1)
        throw new UsageError("standard input (-) can be read once only");
      if (options.cycles === true && !options.jit)
        throw new UsageError("--cycles: with --no-jit the program executes no ppc64 code");
      const bytes = await readInput(file);
      const dataIn = options.dataIn === undefined ? undefined : await readInput(options.dataIn);
      const ctxIn = options.ctxIn === undefined ? undefined : await readInput(options.ctxIn);
      const { openSession, checkPacket } = await import("./session.ts");
      const { readModules } = await import("./module-file.ts");
      const session = openSession(file, bytes, options, await readModules(options.with));
      checkPacket(session, { "--data-in": options.dataIn, "--data-out": options.dataOut });
      const input = { dataIn, ctxIn, repeat: options.repeat };
      const metered = options.cycles === true ? await import("./metered.ts") : undefined;
      const { end, cycles } = tracing(session.kernel, () =>
        metered === undefined
          ? { end: session.execute(input), cycles: undefined }
          : metered.runWithCycles(session, input),
      );
      if (options.dataOut !== undefined) writeOutput(options.dataOut, end.dataOut ?? new Uint8Array());
      if (options.json === true) printJson(document(session, end, options, cycles));
      else printLines(text(session, end, options, cycles));
    });
}

function document(session: Session, end: Done, options: Options, cycles: CyclesReport | undefined): unknown {
  const { program, kernel } = session;
  return {
    program: program.name,
    type: program.type,
    retval: end.retval,
    r0: hex64(end.r0),
    repeat: options.repeat,
    guest_instructions: end.guestInstructions,
    bpf_instructions: program.loaded.xlated.insns.length,
    jited_bytes: program.jitedBytes,
    duration_ns: end.durationNs,
    functions: session.functions().map(({ name, id, address, bytes }) => ({
      name,
      id,
      address: address === undefined ? null : hex64(address),
      bytes,
    })),
    ...(options.with.length === 0 ? {} : { modules: moduleNames(kernel) }),
    layout: kernel.layout.name,
    image_alloc: options.imageAlloc,
    call_encoding: options.callEncoding,
    call_sequence: options.callSequence,
    helper_sequence: options.helperSequence,
    engine: options.engine,
    ...(cycles === undefined ? {} : { cycles: cycles.json }),
    ...(end.dataOut === undefined ? {} : { data_out: hexBytes(end.dataOut) }),
    ...(end.ctxOut === undefined ? {} : { ctx_out: hexBytes(end.ctxOut) }),
    maps: program.maps.map((map) => ({
      name: map.definition.name,
      type: map.definition.type,
      max_entries: map.definition.maxEntries,
      entries: map.entryCount,
      ...(options.dumpMaps === true
        ? { items: map.entries().map(({ key, value }) => ({ key: hexBytes(key), value: hexBytes(value) })) }
        : {}),
    })),
  };
}

function text(
  session: Session,
  end: Done,
  options: Options,
  cycles: CyclesReport | undefined,
): readonly string[] {
  const { program, kernel } = session;
  const { bold, dim, green } = paint();
  const { retval } = end;
  const lines = [
    `${bold(program.name)} ${dim(`(${program.type})`)} returned ${green(bold(String(retval)))}${actionName(program.type, retval)}  r0 ${hex64(end.r0)}`,
  ];
  const functions = session.functions();
  const where = `${kernel.layout.name}, ${kernel.cpu.state.model}, ${kernel.endian}`;
  lines.push(
    functions.length === 0
      ? `BPF interpreter, ${where}`
      : `${end.guestInstructions} ppc64 instructions in ${(end.durationNs / 1e6).toFixed(2)} ms; ${where}, ${kernel.abi}, ${options.callSequence} calls`,
  );
  if (functions.length > 0)
    lines.push(
      "",
      ...table(
        [
          ["function", "address", "bytes"],
          ...functions.map(({ name, address, bytes }) => [
            name,
            address === undefined ? "-" : hex64(address),
            String(bytes),
          ]),
        ],
        [2],
      ),
    );
  if (cycles !== undefined) lines.push("", ...cycles.lines);
  if (program.maps.length > 0)
    lines.push(
      "",
      ...table(
        [
          ["map", "type", "entries"],
          ...program.maps.map((map) => [
            map.definition.name,
            map.definition.type,
            `${map.entryCount}/${map.definition.maxEntries}`,
          ]),
        ],
        [2],
      ),
    );
  if (options.dumpMaps === true)
    for (const map of program.maps) {
      lines.push("", bold(map.definition.name));
      for (const { key, value } of map.entries()) lines.push(`  ${spaced(key)}  →  ${spaced(value)}`);
    }
  if (end.dataOut !== undefined && options.dataOut === undefined)
    lines.push("", "packet", ...hexDump(end.dataOut));
  return lines;
}

/** In the order of loading. */
const moduleNames = ({ modules }: Session["kernel"]): readonly string[] =>
  modules.list.map(({ name }) => name).reverse();

const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  xdp: ["XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"],
  sched_cls: ["TC_ACT_OK", "TC_ACT_RECLASSIFY", "TC_ACT_SHOT", "TC_ACT_PIPE", "TC_ACT_STOLEN"],
};

function actionName(type: string, retval: number): string {
  const name = ACTIONS[type]?.[retval];
  return name === undefined ? "" : ` ${name}`;
}

function spaced(bytes: Uint8Array): string {
  return hexBytes(bytes).replaceAll(/(.{8})(?=.)/g, "$1 ");
}

const SHOWN = 256;

function hexDump(bytes: Uint8Array): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, SHOWN); at += 16)
    lines.push(
      `  ${at.toString(16).padStart(4, "0")}  ${spaced(bytes.subarray(at, Math.min(at + 16, bytes.length)))}`,
    );
  if (bytes.length > SHOWN) lines.push(`  … ${bytes.length} bytes in all (--data-out writes them)`);
  return lines;
}
