// `farcall exec`: ppc64 code without any BPF: a flat image on the bare machine, or a static executable in problem state.
import { Command } from "commander";
import type { Cpu } from "../cpu/cpu.ts";
import { fromHalves, hex32, hex64 } from "../word/long.ts";
import type { U64 } from "../word/long.ts";
import { isElf } from "./elf-sections.ts";
import { EXIT, UsageError } from "./errors.ts";
import { readInput } from "./files.ts";
import { address } from "./numbers.ts";
import { machineOptions, valued } from "./options.ts";
import type { MachineOptions } from "./options.ts";
import { printJson, printLines } from "./output.ts";

interface Options extends MachineOptions {
  readonly raw?: true;
  readonly load?: U64;
  readonly entry?: U64;
  readonly json?: true;
}

/** How a run ended; `detail` for people. */
export interface ExecEnd {
  readonly reason: "exit" | "attn" | "max-insns" | "fault";
  readonly exitCode: number | null;
  readonly detail?: string;
}

export function execCommand(): Command {
  const command = new Command("exec")
    .description("run ppc64 code: a static ELF executable, or a flat image on the bare machine")
    .argument("<file>", "static ELF executable, or with --raw a flat image; - for standard input")
    .argument("[args...]", "the executable's arguments, after --")
    .option("--raw", "the file is a flat image: real mode, hypervisor state, no kernel")
    .addOption(valued("--load <address>", "real address of the image's first byte", address("--load")))
    .addOption(valued("--entry <address>", "real address of the first instruction", address("--entry")));
  return machineOptions(command)
    .option("--json", "one JSON document on standard output")
    .addHelpText(
      "after",
      "\nExample:\n  echo 'li 3, 42; attn' | farcall asm - -o /tmp/image && farcall exec --raw --load 0x1000 --entry 0x1000 /tmp/image",
    )
    .action(async (file: string, args: readonly string[], options: Options) => {
      const bytes = await readInput(file);
      const { cpu, run } =
        options.raw === true
          ? await rawMachine(bytes, options, args)
          : await userMachine(file, bytes, args, options);
      const started = performance.now();
      const end = run();
      report(cpu, end, (performance.now() - started) / 1000, options);
    });
}

interface Ready {
  readonly cpu: Cpu;
  readonly run: () => ExecEnd;
}

async function rawMachine(bytes: Uint8Array, options: Options, args: readonly string[]): Promise<Ready> {
  const { load, entry } = options;
  if (load === undefined || entry === undefined) throw new UsageError("exec --raw needs --load and --entry");
  if (args.length > 0) throw new UsageError("exec --raw: a flat image takes no arguments");
  const start = load.high === 0 ? load.low >>> 0 : NaN;
  const ram = options.ramMap ?? [{ start: 0, end: options.ram }];
  if (!ram.some((range) => start >= range.start && start + bytes.length <= range.end)) {
    const where = options.ramMap === undefined ? `${options.ram} bytes of RAM` : "a range of --ram-map";
    throw new UsageError(`--load ${hex64(load)}: ${bytes.length} bytes do not fit into ${where}`);
  }
  const { createRawMachine, runUntilStop } = await import("./exec-raw.ts");
  const cpu = createRawMachine({ ...options, endian: options.endian ?? "le" }, start, bytes, entry);
  return { cpu, run: () => runUntilStop(cpu, options.maxInsns ?? Infinity) };
}

async function userMachine(
  file: string,
  bytes: Uint8Array,
  args: readonly string[],
  options: Options,
): Promise<Ready> {
  if (!isElf(bytes)) throw new UsageError(`${file} is no ELF file (a flat image needs --raw)`);
  if (options.load !== undefined || options.entry !== undefined)
    throw new UsageError("--load and --entry belong to --raw; an ELF file has its own addresses");
  const { createUserMachine } = await import("./exec-user.ts");
  if (options.ramMap !== undefined)
    throw new UsageError("--ram-map: a process has no kernel's RAM under it; --raw has");
  return createUserMachine(file, bytes, args, options);
}

function report(cpu: Cpu, end: ExecEnd, seconds: number, options: Options): void {
  const { state, instructions } = cpu;
  const gpr = Array.from({ length: 32 }, (_, i) => hex64(state.gpr(i)));
  const mips = seconds > 0 ? instructions / seconds / 1e6 : 0;
  const special = { lr: state.lr, ctr: state.ctr, xer: state.xer, msr: state.msr };
  const detail = end.detail ?? "";
  if (options.json === true)
    printJson({
      reason: end.reason,
      exit_code: end.exitCode,
      nia: hex64(state.nia),
      instructions,
      seconds,
      mips,
      regs: {
        gpr,
        cr: hex64(fromHalves(0, state.cr)),
        ...Object.fromEntries(Object.entries(special).map(([name, value]) => [name, hex64(value)])),
      },
    });
  else if (end.reason !== "exit") {
    printLines([
      `${end.reason} at ${hex64(state.nia)} after ${instructions} instructions, ${mips.toFixed(1)} MIPS`,
      ...[0, 4, 8, 12, 16, 20, 24, 28].map((first) =>
        [0, 1, 2, 3]
          .map((i) => `r${String(first + i).padEnd(2)} ${(gpr[first + i] ?? "").slice(2)}`)
          .join("  "),
      ),
      `cr ${hex32(state.cr).slice(2)}  ${Object.entries(special)
        .map(([name, value]) => `${name} ${hex64(value).slice(2)}`)
        .join("  ")}`,
    ]);
  }
  if (end.reason === "exit" && end.exitCode !== 0)
    process.stderr.write(`farcall: the guest exited with code ${end.exitCode ?? 0}\n`);
  if (end.reason === "fault" || end.reason === "max-insns") {
    process.exitCode = EXIT.refused;
    process.stderr.write(
      `farcall: ${end.reason}: ${detail === "" ? `stopped at ${hex64(state.nia)}` : detail}\n`,
    );
  }
}
