// The words of each call sequence, as the JIT emits them for a booted kernel's addresses, disassembled; what cannot be says why.
// It names addresses and callees, and no instruction.
import { disassembleAll } from "../../cpu/isa/disassemble-all.ts";
import type { CpuModel } from "../../cpu/isa/row.ts";
import { helperSequences } from "../../jit/call/helper-sequences.ts";
import { PlacedCalls } from "../../jit/call/placed-calls.ts";
import type { Call, CallSequenceKind } from "../../jit/call/sequence.ts";
import { callSequences } from "../../jit/call/sequences.ts";
import { JitError } from "../../jit/error.ts";
import { imageEntryPoints } from "../../jit/prologue.ts";
import type { Abi, JitTarget } from "../../jit/target.ts";
import { jitTarget } from "../../kernel/jit-memory.ts";
import { Kernel } from "../../kernel/kernel.ts";
import { fromHalves, hex64, type U64, ZERO } from "../../word/long.ts";

/** Where the call is: an image of module_alloc's on hash64k-4.15. */
const FROM = fromHalves(0xd000_0000, 0x0004_0100);
/** Where its stubs are. */
const STUBS = FROM.add(0x300);
/** Callees: the caller's neighbor, and one behind the reach of bl. */
const NEIGHBOR = fromHalves(0xd000_0000, 0x0005_0080);
const FAR_AWAY = fromHalves(0xd000_0000, 0x1234_5680);
/** A function of a module, whose code begins with two words that compute its TOC. */
const MODULE = fromHalves(0xd000_0000, 0x0180_0040);
/** Bytes from the kernel's TOC to the table of callees' addresses. */
const TABLE_OFFSET = 0x0123_4568;

interface Example {
  readonly words: string;
  readonly call: (target: JitTarget, kernel: Kernel) => Call;
}

const toFunction = (address: U64): Example["call"] => {
  return (target) => ({
    kind: "bpf",
    to: imageEntryPoints(address, target),
    from: FROM,
    callee: "the function",
    site: 0,
  });
};

const FUNCTION_EXAMPLES: readonly Example[] = [
  { words: "a function 291 MiB away", call: toFunction(FAR_AWAY) },
  { words: "a function in the next page", call: toFunction(NEIGHBOR) },
];

const HELPER_EXAMPLES: readonly Example[] = [
  {
    words: "bpf_map_lookup_elem of the kernel",
    call: (target, { text }) => {
      const pointer = text.guestCode("bpf_map_lookup_elem") ?? ZERO;
      const local = target.localEntry(pointer);
      const to =
        target.abi === "elfv1" ? { global: local, local, descriptor: pointer } : { global: pointer, local };
      return { kind: "core", to, from: FROM, callee: "bpf_map_lookup_elem", site: 0 };
    },
  },
  {
    words: "a function of a module",
    call: ({ abi }) => {
      const code = { global: MODULE, local: MODULE.add(abi === "elfv1" ? 0 : 8) };
      const to = abi === "elfv1" ? { ...code, descriptor: MODULE.add(0x1_0000) } : code;
      return { kind: "module", to, from: FROM, callee: "the module's function", site: 0 };
    },
  },
];

/** Machines on which words are shown: little-endian ELFv2; big-endian ELFv1 where its words are others. */
const ABIS = [
  { abi: "elfv2", endian: "le", note: "" },
  { abi: "elfv1", endian: "be", note: ", ELFv1" },
] as const;

/** Every sequence of calls among functions: what it is, when it is legal, its words. */
export function functionSections(): string {
  return callSequences.map((kind) => section(kind, FUNCTION_EXAMPLES)).join("\n");
}

/** The same of calls of the kernel's and of modules' functions. */
export function helperSections(): string {
  return helperSequences.map((kind) => section(kind, HELPER_EXAMPLES)).join("\n");
}

function section(kind: CallSequenceKind<string>, examples: readonly Example[]): string {
  const { name, summary, legal } = kind;
  const shown = new Set<string>();
  const blocks = ABIS.flatMap((machine) =>
    examples.flatMap((example) => {
      const lines = emitted(kind, example, machine.abi, machine.endian);
      // The same instructions with other constants say nothing new.
      const key = lines.map((line) => line.split(/\s+/)[1] ?? "").join(" ");
      if (shown.has(key)) return [];
      shown.add(key);
      return [[`# ${example.words}${machine.note}`, ...lines]];
    }),
  );
  const text = blocks.map((lines) => lines.join("\n")).join("\n\n");
  return `### \`${name}\`\n\n${summary}. Legal: ${legal}.\n\n\`\`\`\n${text}\n\`\`\`\n`;
}

/** Lines of the call, of the stub behind the code and of the table; or why it cannot be. */
function emitted(
  kind: CallSequenceKind<string>,
  example: Example,
  abi: Abi,
  endian: "le" | "be",
): readonly string[] {
  const cpu: CpuModel = kind.name === "pcrel" ? "power10" : "power9";
  const kernel = new Kernel({ layout: "hash64k-4.15", cpu, endian, abi });
  const target = jitTarget(kernel, { callSequence: "far", helperSequence: "toc-relative" });
  const table = { address: target.kernelToc.add(TABLE_OFFSET), slots: 1 };
  const calls = new PlacedCalls(kind, target, { stubs: STUBS, table });
  const listing = (words: readonly number[], at: U64): readonly string[] =>
    [...disassembleAll(words, at, { cpu })].map(({ address, text }) => `${hex64(address).slice(2)}  ${text}`);
  try {
    const words = calls.words(example.call(target, kernel));
    return [
      ...listing(words, FROM),
      ...listing(calls.stubs, STUBS),
      ...calls.table.map(({ address, value }) => `${hex64(address).slice(2)}  .quad   ${hex64(value)}`),
    ];
  } catch (error) {
    if (error instanceof JitError) return [`${error.errno}: ${error.message}`];
    throw error;
  }
}
