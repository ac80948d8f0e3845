// `--jit-log`: what each pass of the JIT came to, for people, on standard error. Nothing is decided by it.
import type { CpuModel } from "../cpu/isa/row.ts";
import { disassembleAll } from "../cpu/isa/disassemble-all.ts";
import type { PassLog } from "../jit/compile.ts";
import type { MovedInsns } from "../jit/moved.ts";
import type { CallWords } from "../jit/pass.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { hex64, u64, type U64 } from "../word/long.ts";
import { printable } from "./output.ts";

/** Stretches that are shown of each pass; how many more there are is said. */
const SHOWN_STRETCHES = 8;

/** Prints each pass as it ends; undefined where nobody asked. */
export function passPrinter(kernel: Kernel, jitLog: true | undefined): ((pass: PassLog) => void) | undefined {
  if (jitLog !== true) return undefined;
  const symbolAt = (address: U64): string | undefined => {
    const found = kernel.kallsyms.lookup(address);
    return found?.offset === 0 ? found.name : undefined;
  };
  const names = { cpu: kernel.cpu.state.model, symbolAt };
  return (pass) => {
    process.stderr.write(`${printable(passLines(pass, names).join("\n"))}\n`);
  };
}

/** What the lines are made with. */
export interface PassNames {
  readonly cpu: CpuModel;
  /** The symbol of the kernel's that starts at an address. */
  readonly symbolAt: (address: U64) => string | undefined;
}

/** One line for the pass, one for each stretch of instructions that moved, one for each call. */
export function passLines(pass: PassLog, names: PassNames): readonly string[] {
  const { name, pass: number, round, bytes, shrink, address, moved } = pass;
  const where = address === undefined ? "sizing" : `at ${hex64(address)}`;
  const change = shrink === 0 ? "" : shrink > 0 ? `, ${shrink} less` : `, ${-shrink} more`;
  return [
    `jit: ${name}: pass ${number}, round ${round}, ${where}: ${bytes} bytes${change}`,
    ...moved.slice(0, SHOWN_STRETCHES).map(movedLine),
    ...(moved.length > SHOWN_STRETCHES ? [moreLine(moved)] : []),
    ...pass.calls.map((call) => callLine(call, pass, names)),
  ];
}

const hex = (bytes: number): string => `0x${bytes.toString(16)}`;

function movedLine({ first, last, from, to }: MovedInsns): string {
  const slots = first === last ? `insn ${first}` : `insns ${first}..${last}`;
  return `  ${slots}: ${hex(from)} → ${hex(to)}`;
}

function moreLine(moved: readonly MovedInsns[]): string {
  const rest = moved.slice(SHOWN_STRETCHES);
  const insns = rest.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return `  … ${insns} more in ${rest.length} stretches, up to insn ${rest.at(-1)?.last ?? 0}`;
}

/** What was chosen is read from the words that stand there. */
function callLine(
  { slot, words, offset, callee }: CallWords,
  { address }: PassLog,
  { cpu, symbolAt }: PassNames,
): string {
  const symbol = callee?.address === undefined ? undefined : symbolAt(callee.address);
  const name = symbol ?? callee?.name ?? "";
  const what = `  call${name === "" ? "" : ` of ${name}`} at insn ${slot}`;
  if (address === undefined) return `${what}: at most ${words.length} words`;
  const code = [...disassembleAll(words, address.add(u64(offset)), { cpu })];
  const text = code.map(({ text }) => text.replaceAll(/\s+/g, " ")).join("; ");
  return `${what}, ${hex(offset)}: ${text}`;
}
