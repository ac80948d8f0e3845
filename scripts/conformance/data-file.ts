// Reads the test files of the bpf_conformance project: sections that start with `-- NAME`, `#` starts a comment.
// What an instruction is, is in assemble.ts.
import { parseU64, type U64 } from "../../word/long.ts";
import type { Insn } from "../../bpf/insn.ts";
import { assembleConformance, ConformanceSyntaxError } from "./assemble.ts";
import { rawSlots } from "./slots.ts";

export interface ConformanceTest {
  readonly insns: readonly Insn[];
  readonly memory: Uint8Array;
  /** r0, or the text of the error that the plugin has to print. */
  readonly expected:
    { readonly kind: "result"; readonly value: U64 } | { readonly kind: "error"; readonly text: string };
}

const sections = ["asm", "result", "mem", "raw", "error"] as const;
type Section = (typeof sections)[number];

/** @throws ConformanceSyntaxError */
export function readDataFile(text: string): ConformanceTest {
  const lines: Record<Section, string[]> = { asm: [], result: [], mem: [], raw: [], error: [] };
  let section: Section | undefined;
  for (const whole of text.split(/\r?\n/)) {
    const line = whole.replace(/#.*/, "");
    const heading = /^\s*--\s*(.*)/.exec(line)?.[1];
    if (heading !== undefined) section = sections.find((name) => heading.split(/\s+/).includes(name));
    else if (section !== undefined && line.trim() !== "") lines[section].push(line);
  }
  const insns = lines.raw.length > 0 ? rawSlots(lines.raw.join(" ")) : assembleConformance(lines.asm);
  return {
    insns,
    memory: memoryBytes(lines.mem),
    expected: expected(lines.result.at(-1), lines.error.at(-1)),
  };
}

function memoryBytes(lines: readonly string[]): Uint8Array {
  const numbers = lines.join(" ").trim().split(/\s+/);
  return Uint8Array.from(
    numbers.filter((n) => n !== ""),
    (n) => parseInt(n, 16),
  );
}

function expected(result: string | undefined, error: string | undefined): ConformanceTest["expected"] {
  if (error !== undefined) return { kind: "error", text: error.trim() };
  const value = result === undefined ? undefined : parseU64(result);
  if (value === undefined)
    throw new ConformanceSyntaxError(`no result that is a number: ${result ?? "none"}`);
  return { kind: "result", value };
}
