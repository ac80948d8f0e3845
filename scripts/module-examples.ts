// What the example modules are: sources, builds, and what they are to print and return. Nothing is compiled or run here.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Sources in examples/modules/ that are loaded together, in this order. */
export const MODULE_GROUPS: readonly (readonly string[])[] = [
  ["hello"],
  ["callbacks"],
  ["data"],
  ["switches"],
  ["recursion"],
  ["structs"],
  ["arithmetic"],
  ["strings"],
  ["provider", "user"],
  ["failing"],
  ["registers"],
  ["weak"],
  ["helpers"],
  ["ledger"],
];

/** A way of compiling them. */
export interface ModuleBuild {
  /** Between the source's name and `.o`: `.le`, `-large.be`. */
  readonly suffix: string;
  readonly endian: "le" | "be";
  readonly abi: "elfv2" | "elfv1";
  /** Oldest processor that runs it. */
  readonly cpu: "power8" | "power10";
  readonly flags: readonly string[];
  /** Groups by the name of their first source; all of them unless told. */
  readonly only?: readonly string[];
}

const POINTERS = ["callbacks", "data", "switches", "provider", "ledger"];

// prettier-ignore
export const moduleBuilds: readonly ModuleBuild[] = [
  { suffix: ".le",       endian: "le", abi: "elfv2", cpu: "power8",  flags: ["-mcmodel=medium"] },
  { suffix: ".be",       endian: "be", abi: "elfv1", cpu: "power8",  flags: ["-mcmodel=medium"] },
  { suffix: "-large.le", endian: "le", abi: "elfv2", cpu: "power8",  flags: ["-mcmodel=large"], only: POINTERS },
  { suffix: "-large.be", endian: "be", abi: "elfv1", cpu: "power8",  flags: ["-mcmodel=large"], only: POINTERS },
  { suffix: "-small.le", endian: "le", abi: "elfv2", cpu: "power8",  flags: ["-mcmodel=small"], only: ["data"] },
  { suffix: "-small.be", endian: "be", abi: "elfv1", cpu: "power8",  flags: ["-mcmodel=small"], only: ["data"] },
  // As Linux has it for ELFv1: functions have dot-symbols.
  { suffix: "-dots.be",  endian: "be", abi: "elfv1", cpu: "power8",  flags: ["-mcmodel=medium", "-mcall-aixdesc"], only: POINTERS },
  { suffix: "-elfv2.be", endian: "be", abi: "elfv2", cpu: "power8",  flags: ["-mcmodel=medium", "-mabi=elfv2"], only: POINTERS },
  { suffix: "-os.le",    endian: "le", abi: "elfv2", cpu: "power8",  flags: ["-mcmodel=medium", "-Os"], only: ["registers"] },
  { suffix: "-os.be",    endian: "be", abi: "elfv1", cpu: "power8",  flags: ["-mcmodel=medium", "-Os"], only: ["registers"] },
  { suffix: "-pcrel.le", endian: "le", abi: "elfv2", cpu: "power10", flags: ["-mpcrel"] },
  { suffix: "-pcrel.be", endian: "be", abi: "elfv2", cpu: "power10", flags: ["-mpcrel", "-mabi=elfv2"], only: POINTERS },
];

/** As a kernel is compiled, where it matters. */
export const MODULE_FLAGS: readonly string[] = (
  "-O2 -Wall -Wextra -Werror -ffreestanding -fno-common -fno-pie -fno-stack-protector " +
  "-fno-asynchronous-unwind-tables -msoft-float -mno-altivec -mno-vsx"
).split(" ");

/** Flags of one source more: types, for the functions that BPF programs call. */
export const SOURCE_FLAGS: Readonly<Record<string, readonly string[]>> = { ledger: ["-gbtf"] };

/** The groups of a build. */
export function groupsOf({ only }: ModuleBuild): readonly (readonly string[])[] {
  return MODULE_GROUPS.filter(([first = ""]) => only?.includes(first) ?? true);
}

export function moduleCompiler(endian: "le" | "be"): string {
  return `powerpc64${endian === "le" ? "le" : ""}-linux-gnu-gcc`;
}

export function modulePath(file: string): string {
  return fileURLToPath(new URL(`../examples/modules/${file}`, import.meta.url));
}

/** What one module did: lines that it printed, what init returned, lines of its exit where that was called. */
export interface ModuleRecord {
  readonly name: string;
  readonly printed: readonly string[];
  readonly returned: number;
  readonly exit: readonly string[];
}

/** examples/modules/expected.json: what qemu-user says of the same sources. */
export function expectedModules(): readonly ModuleRecord[] {
  return JSON.parse(readFileSync(modulePath("expected.json"), "utf8")) as readonly ModuleRecord[];
}
