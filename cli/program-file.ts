// A program file of any of the three kinds to one linked program: ELF object, LLVM-spelled assembly, raw instructions.
import { assembleProgram } from "../bpf/assemble.ts";
import { BpfObject } from "../bpf/elf/object.ts";
import type { LinkedProgram, MapDefinition } from "../bpf/elf/types.ts";
import { helperByName } from "../bpf/helpers/table.ts";
import { decodeInsns } from "../bpf/insn.ts";
import { BpfLoadError } from "../bpf/load-error.ts";
import { rawProgram } from "../bpf/raw.ts";
import { isElf } from "./elf-sections.ts";
import { StageError, UsageError } from "./errors.ts";
import { unknownName } from "./names.ts";
import type { BpfOptions, ByteOrder } from "./options.ts";

export type FileKind = "object" | "assembly" | "raw";

export interface ProgramFile {
  readonly kind: FileKind;
  readonly program: LinkedProgram;
}

/** UsageError where the file is no program or an option contradicts it, StageError "load" where it cannot be linked. */
export function readProgram(file: string, bytes: Uint8Array, options: BpfOptions): ProgramFile {
  const kind = kindOf(file, bytes);
  if (!options.verify && kind !== "raw")
    throw new UsageError("--no-verify is for raw instructions (.bin) only");
  const program = { object: fromObject, assembly: fromAssembly, raw: fromRaw }[kind](file, bytes, options);
  if (options.prog !== undefined && options.prog !== program.name)
    throw unknownName("program", options.prog, [program.name]);
  return { kind, program: { ...program, maps: resized(program.maps, options.mapMaxEntries) } };
}

function kindOf(file: string, bytes: Uint8Array): FileKind {
  if (isElf(bytes)) return "object";
  if (file.endsWith(".s") || file.endsWith(".S")) return "assembly";
  if (file.endsWith(".bin")) return "raw";
  if (file !== "-") throw new UsageError(`${file}: no ELF object, and neither .s nor .bin`);
  if (bytes.length === 0) throw new UsageError("standard input is empty");
  return bytes.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13) ? "assembly" : "raw";
}

function fromObject(file: string, bytes: Uint8Array, options: BpfOptions): LinkedProgram {
  const object = unusable(file, () => BpfObject.parse(bytes));
  if (options.endian !== undefined && options.endian !== object.endian)
    throw new UsageError(`${file} is ${object.endian}, --endian says ${options.endian}`);
  const names = object.programs.map((program) => program.name);
  const [first, second] = names;
  if (first === undefined) throw new UsageError(`${file}: no program in it`);
  if (options.prog === undefined && second !== undefined)
    throw new UsageError(`${file} has several programs, choose one with --prog: ${names.join(", ")}`);
  const name = options.prog ?? first;
  const program = object.programs.find((found) => found.name === name);
  if (program === undefined) throw unknownName(`program`, name, names);
  const { type } = program;
  const asked = options.type;
  if (asked !== undefined && type !== "unspec" && asked !== type)
    throw new UsageError(`${file}: ${name} is ${type}, --type says ${asked}`);
  try {
    return object.link(name, type === "unspec" ? asked : undefined);
  } catch (error) {
    if (!(error instanceof BpfLoadError)) throw error;
    throw new StageError({ stage: "load", errno: error.errno, message: error.message }, error);
  }
}

function fromAssembly(file: string, bytes: Uint8Array, options: BpfOptions): LinkedProgram {
  const text = new TextDecoder().decode(bytes);
  const settings = { type: options.type ?? "socket_filter", endian: options.endian ?? "le" } as const;
  return unusable(file, () => assembleProgram(text, settings, { helper: (name) => helperByName(name)?.id }));
}

function fromRaw(file: string, bytes: Uint8Array, options: BpfOptions): LinkedProgram {
  const endian: ByteOrder = options.endian ?? "le";
  return unusable(file, () =>
    rawProgram(decodeInsns(bytes, endian), { name: "main", type: options.type ?? "socket_filter", endian }),
  );
}

/** Runs `read`; what is wrong with the file becomes an unusable command line. */
export function unusable<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BpfLoadError)) throw error;
    throw new UsageError(`${file}: ${error.message}`, { cause: error });
  }
}

function resized(
  maps: readonly MapDefinition[],
  sizes: ReadonlyMap<string, number>,
): readonly MapDefinition[] {
  const names = maps.map((map) => map.name);
  for (const name of sizes.keys())
    if (!names.includes(name)) throw unknownName("--map-max-entries: map", name, names);
  return maps.map((map) => ({ ...map, maxEntries: sizes.get(map.name) ?? map.maxEntries }));
}
