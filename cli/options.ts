// The options that several verbs share, with their defaults, as docs/cli.md has them. Values are checked, not used.
import { Option } from "commander";
import type { Command } from "commander";
import type { CallEncodingName } from "../bpf/core/encoding/encoding.ts";
import { callEncodings } from "../bpf/core/encoding/table.ts";
import type { CpuModel } from "../cpu/isa/row.ts";
import { helperSequences } from "../jit/call/helper-sequences.ts";
import type { CallSequenceName, HelperSequenceName } from "../jit/call/sequence.ts";
import { callSequences } from "../jit/call/sequences.ts";
import {
  DEFAULT_IMAGE_ALLOC,
  imageAllocNamed,
  imageAllocStrategies,
  usageOf,
} from "../kernel/image-alloc/table.ts";
import type { Layout } from "../kernel/layout/layout.ts";
import { DEFAULT_LAYOUT, layoutNamed } from "../kernel/layout/table.ts";
import { parseRamMap, type RamRange } from "../kernel/ram-map.ts";
import { UsageError } from "./errors.ts";
import { layoutArgument } from "./layout-argument.ts";
import { choice, notBuilt, unknownName } from "./names.ts";
import { bytes, count, size } from "./numbers.ts";

export type Model = CpuModel;
export type ByteOrder = "le" | "be";
export type Engine = "reference" | "interpreter" | "auto";
export type ProgramType = "socket_filter" | "xdp" | "sched_cls";

/** What the options of every verb that runs guest code become. */
export interface MachineOptions {
  readonly cpu: Model;
  readonly endian?: ByteOrder;
  readonly abi?: "elfv1" | "elfv2";
  readonly layout: Layout;
  readonly ram: number;
  /** Of --ram-map, in place of `ram`. */
  readonly ramMap?: readonly RamRange[];
  readonly engine: Engine;
  readonly maxInsns?: number;
  readonly seed: number;
}

/** What the options of every verb that loads BPF become. */
export interface BpfOptions extends MachineOptions {
  readonly prog?: string;
  /** NAME or NAME:ARGUMENT. */
  readonly imageAlloc: string;
  readonly callEncoding: CallEncodingName;
  readonly callSequence: CallSequenceName;
  readonly helperSequence: HelperSequenceName;
  readonly jit: boolean;
  readonly kallsyms: boolean;
  readonly type?: ProgramType;
  readonly mapMaxEntries: ReadonlyMap<string, number>;
  readonly verify: boolean;
  readonly unprivileged: boolean;
  /** Bytes. */
  readonly jitLimit?: number;
  readonly jitLog?: true;
}

const ENCODINGS = callEncodings.map((encoding) => encoding.name);
const CALL_SEQUENCES = callSequences.map(({ name }) => name);
const HELPER_SEQUENCES = helperSequences.map(({ name }) => name);

/** An option whose value goes through `parse`; errors of `parse` are one line on stderr, exit 2. */
export function valued<T>(flags: string, description: string, parse: (text: string, before: T) => T): Option {
  return new Option(flags, description).argParser(parse);
}

/** Flags of the contract that this version has not: giving one is an error. */
function laterFlags(command: Command, flags: Readonly<Record<string, string>>): Command {
  for (const [name, description] of Object.entries(flags))
    command.option(`--${name}`, `${description} (not built yet)`).on(`option:${name}`, () => {
      throw notBuilt(`--${name}`);
    });
  return command;
}

/** `--cpu` and its kin: for what reads or writes ppc64 code without running it, too. */
export const cpuOption = (): Option =>
  valued(
    "--cpu <model>",
    "power8, power9 or power10",
    choice("--cpu", ["power8", "power9", "power10"]),
  ).default("power9");
export const endianOption = (): Option =>
  valued("--endian <order>", "byte order: le or be", choice("--endian", ["le", "be"]));
const engineOption = (): Option =>
  valued(
    "--engine <name>",
    "reference, interpreter or auto",
    choice("--engine", ["reference", "interpreter", "auto"], ["translator"]),
  ).default("auto");
const layoutOption = (): Option =>
  valued(
    "--layout <name>",
    "kernel address-space layout, see farcall layouts, or a JSON file of one",
    layoutArgument("--layout:"),
  ).default(layoutNamed(DEFAULT_LAYOUT), DEFAULT_LAYOUT);
const ramOption = (): Option =>
  valued("--ram <size>", "guest RAM, 64M to 2G", size("--ram", 64 * 1024 ** 2, 2 * 1024 ** 3)).default(
    256 * 1024 ** 2,
    "256M",
  );
const MOST = Number.MAX_SAFE_INTEGER;

/** Options of every verb that runs guest code. `maxInsns`: the default in words, for the help. */
export function machineOptions(command: Command, defaultMaxInsns = "none"): Command {
  return command
    .addOption(cpuOption())
    .addOption(endianOption())
    .addOption(
      valued(
        "--abi <name>",
        "elfv2 or elfv1 (default: elfv2 for le, elfv1 for be)",
        choice("--abi", ["elfv2", "elfv1"]),
      ),
    )
    .addOption(layoutOption())
    .addOption(ramOption())
    .addOption(
      valued(
        "--ram-map <ranges>",
        "RAM in several places: 0-128M,1G-1152M@1 (@ a NUMA node)",
        parseRamMap,
      ).conflicts("ram"),
    )
    .addOption(engineOption())
    .addOption(
      valued(
        "--max-insns <n>",
        `stop after so many guest instructions (default: ${defaultMaxInsns})`,
        count("--max-insns", 1, MOST),
      ),
    )
    .addOption(valued("--seed <n>", "seed of everything random", count("--seed", 0, MOST)).default(0));
}

/** Options of every verb that loads BPF, those of the machine included. */
export function bpfOptions(command: Command): Command {
  machineOptions(command, "1e9")
    .option("--prog <name>", "name of the program in an object with several (default: the only one)")
    .addOption(
      valued(
        "--image-alloc <name>",
        `where images come from: ${imageAllocStrategies.map(usageOf).join(", ")}`,
        imageAlloc,
      ).default(DEFAULT_IMAGE_ALLOC),
    )
    .addOption(
      valued(
        "--call-encoding <name>",
        `how a call names its callee: ${ENCODINGS.join(", ")}`,
        choice("--call-encoding", ENCODINGS),
      ).default("aux-func"),
    )
    .addOption(
      valued(
        "--call-sequence <name>",
        `code of a BPF-to-BPF call: ${CALL_SEQUENCES.join(", ")}`,
        choice("--call-sequence", CALL_SEQUENCES),
      ).default("auto-shrink"),
    )
    .addOption(
      valued(
        "--helper-sequence <name>",
        `code of a helper call: ${HELPER_SEQUENCES.join(", ")}`,
        choice("--helper-sequence", HELPER_SEQUENCES),
      ).default("toc-relative"),
    )
    .addOption(
      valued(
        "--type <name>",
        "type of a .s or .bin program: socket_filter, xdp or sched_cls (default: socket_filter)",
        choice("--type", ["socket_filter", "xdp", "sched_cls"]),
      ),
    )
    .addOption(
      valued(
        "--map-max-entries <NAME=N>",
        "for objects whose loader sizes their maps; repeatable",
        mapSize,
      ).default(new Map<string, number>(), "from the object"),
    )
    .option("--no-jit", "run in the BPF interpreter instead")
    .option("--no-kallsyms", "as net.core.bpf_jit_kallsyms=0")
    .option("--jit-log", "show what each pass of the JIT came to, on standard error")
    .option("--no-verify", "no verifier, only what the JIT itself refuses; .bin only")
    .option("--unprivileged", "load as a user without CAP_BPF", false)
    .addOption(
      valued(
        "--jit-limit <size>",
        "as net.core.bpf_jit_limit, in bytes or as in 64K: images of --unprivileged programs",
        bytes("--jit-limit"),
      ),
    );
  return laterFlags(command, {
    harden: "as net.core.bpf_jit_harden=2: constant blinding",
  });
}

/** Options of the verbs that load modules before a program. */
export interface WithOptions {
  readonly with: readonly string[];
}

/** `--with`, in the order of loading. */
export const withOption = (): Option =>
  valued(
    "--with <module>",
    "load a kernel module before the program, whose functions it may call; repeatable",
    (file, before: readonly string[]) => [...before, file],
  ).default([], "none");

/** Checks the name, and whether there is an argument where one must be. */
function imageAlloc(text: string): string {
  const name = text.replace(/:.*$/s, "");
  const names = imageAllocStrategies.map((strategy) => strategy.name);
  if (!names.includes(name)) throw unknownName("--image-alloc:", name, names);
  imageAllocNamed(text);
  return text;
}

function mapSize(text: string, sizes: ReadonlyMap<string, number> = new Map()): ReadonlyMap<string, number> {
  const [, name, entries] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || entries === undefined)
    throw new UsageError(`--map-max-entries: '${text}' is not NAME=N`);
  return new Map([...sizes, [name, count("--map-max-entries", 1, 0xffff_ffff)(entries)]]);
}
