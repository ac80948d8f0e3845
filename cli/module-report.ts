// What `farcall module` shows of modules: sections, symbols, stubs with their code, what init and exit returned, the kernel log.
import { disassembleInstruction } from "../cpu/isa/disassemble.ts";
import { MemoryFault } from "../bpf/memory.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { symbolText } from "../kernel/kallsyms.ts";
import { logText } from "../kernel/log.ts";
import type { Module } from "../kernel/module/module.ts";
import type { Stub } from "../kernel/module/stubs.ts";
import { hex64, type U64 } from "../word/long.ts";
import { paint, table } from "./output.ts";

/** A call of the module's that returned. */
interface Returned {
  readonly returned: number;
  readonly instructions: number;
}

export type Unloading =
  | { readonly kind: "unloaded"; readonly exit: Returned | undefined }
  | { readonly kind: "stays"; readonly errno: string; readonly message: string };

interface StubCode {
  readonly stub: Stub;
  /** The symbol that it leads to. */
  readonly leadsTo: string;
  readonly code: readonly {
    readonly address: U64;
    readonly words: readonly number[];
    readonly text: string;
  }[];
}

/** A module as it was while it was loaded. */
export interface ModuleDescription {
  readonly module: Module;
  readonly bytes: number;
  readonly stubs: readonly StubCode[];
}

export interface ModuleReport extends ModuleDescription {
  readonly init: Returned | undefined;
}

type Result = ModuleReport & { readonly unloading: Unloading | undefined };

export function describeModule(kernel: Kernel, module: Module): ModuleDescription {
  return { module, bytes: module.bytes, stubs: module.stubs.map((stub) => stubCode(kernel, stub)) };
}

/** Most instructions of a stub; the last is bctr. */
const MOST_WORDS = 7;
const BCTR = 0x4e80_0420;
const PREFIX_OPCODE = 1;

function stubCode(kernel: Kernel, stub: Stub): StubCode {
  const { cpu } = kernel;
  const code: { address: U64; words: number[]; text: string }[] = [];
  const wordAt = (i: number): number => {
    const word = kernel.load(stub.address.add(4 * i), 4);
    return word instanceof MemoryFault ? 0 : word.low >>> 0;
  };
  for (let i = 0; i < MOST_WORDS; i++) {
    const address = stub.address.add(4 * i);
    const word = wordAt(i);
    const isPrefix = word >>> 26 === PREFIX_OPCODE;
    const words: [number] | [number, number] = isPrefix ? [word, wordAt(++i)] : [word];
    const text =
      disassembleInstruction(words, address, { cpu: cpu.state.model }) ?? `.long 0x${word.toString(16)}`;
    code.push({ address, words, text });
    if (word === BCTR) break;
  }
  return { stub, leadsTo: symbolAt(kernel, stub), code };
}

/** The name of what a stub leads to, with the module it is in; and how far into it, should it not be the beginning. */
function symbolAt(kernel: Kernel, { target, symbol }: Stub): string {
  const found = kernel.kallsyms.lookup(target.code);
  if (found === undefined) return symbol;
  if (found.offset !== 0) return symbolText(found);
  return found.module === undefined ? found.name : `${found.name} [${found.module}]`;
}

/** The document of --json. */
export function reportJson(kernel: Kernel, results: readonly Result[]): unknown {
  return {
    layout: kernel.layout.name,
    endian: kernel.endian,
    abi: kernel.abi,
    modules: results.map(({ module, bytes, stubs, init, unloading }) => ({
      name: module.name,
      memory_bytes: bytes,
      toc: hex64(module.toc),
      uses: module.uses.map(({ name }) => name),
      exports: [...module.exports.keys()],
      sections: module.sections.map(({ name, memory, address, size }) => ({
        name,
        memory,
        address: hex64(address),
        size,
      })),
      symbols: module.symbols.map(({ name, type, address, size }) => ({
        name,
        type,
        address: hex64(address),
        size,
      })),
      stubs: stubs.map(({ stub, leadsTo, code }) => ({
        address: hex64(stub.address),
        kind: stub.kind,
        symbol: stub.symbol,
        target: hex64(stub.target.code),
        target_symbol: leadsTo,
        code: code.map(({ address, words, text }) => ({
          address: hex64(address),
          words: words.map(wordText),
          text,
        })),
      })),
      init: init ?? null,
      exit: unloading?.kind === "unloaded" ? (unloading.exit ?? null) : null,
      unloaded: unloading?.kind === "unloaded",
      stays: unloading?.kind === "stays" ? { errno: unloading.errno, message: unloading.message } : null,
    })),
    log: kernel.log.lines.map(({ level, time, text }) => ({ level, time_ns: time.toNumber(), text })),
  };
}

/** Text for people. */
export function reportLines(kernel: Kernel, results: readonly Result[]): readonly string[] {
  const log = kernel.log.lines.map(logText);
  return [
    ...results.flatMap((result) => [...moduleLines(result), ""]),
    ...(log.length === 0 ? [] : [paint().bold("kernel log"), ...log.map((line) => `  ${line}`)]),
  ];
}

function moduleLines({ module, bytes, stubs, init, unloading }: Result): readonly string[] {
  const { bold, dim } = paint();
  const uses = module.uses.length === 0 ? "" : `, uses ${module.uses.map(({ name }) => name).join(", ")}`;
  const indented = (rows: readonly string[]): readonly string[] => rows.map((row) => `  ${row}`);
  return [
    `${bold(module.name)}   ${bytes >> 10}K, r2 ${hex64(module.toc)}${uses}`,
    "sections",
    ...indented(
      table(
        module.sections.map(({ name, memory, address, size }) => [
          hex64(address),
          String(size),
          memory,
          name,
        ]),
        [1],
      ),
    ),
    "symbols",
    ...indented(
      table(
        module.symbols.map(({ name, type, address, size }) => [hex64(address), String(size), type, name]),
        [1],
      ),
    ),
    stubs.length === 0 ? "no stubs" : "stubs",
    ...stubs.flatMap(({ stub, leadsTo, code }) => [
      `  ${hex64(stub.address)} ${stub.symbol}: to ${hex64(stub.target.code)} ${leadsTo}`,
      ...code.map(({ address, words, text }) =>
        dim(`    ${hex64(address)}: ${words.map(wordText).join(" ").padEnd(17)}  ${text}`),
      ),
    ]),
    init === undefined ? "no init_module" : `init_module returned ${init.returned} ${after(init)}`,
    unloadingText(unloading),
  ];
}

function unloadingText(unloading: Unloading | undefined): string {
  if (unloading === undefined) return "not unloaded";
  if (unloading.kind === "stays") return `stays: ${unloading.message} (${unloading.errno})`;
  return unloading.exit === undefined
    ? "unloaded"
    : `cleanup_module returned ${after(unloading.exit)}, unloaded`;
}

function after({ instructions }: Returned): string {
  return `after ${instructions} instructions`;
}

function wordText(word: number): string {
  return word.toString(16).padStart(8, "0");
}
