// Runs the public bpf_conformance suite: `tsx scripts/conformance.ts [--endian be] [--filter TEXT] DIRECTORY -- COMMAND…`.
// COMMAND speaks the project's plugin protocol. The suite is not part of this repository: clone it elsewhere
// (https://github.com/Alan-Jowett/bpf_conformance) and name its tests/ directory.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { encodeInsns, type Endian } from "../bpf/insn.ts";
import * as op from "../bpf/opcodes.ts";
import { hex64, parseU64 } from "../word/long.ts";
import { readDataFile, type ConformanceTest } from "./conformance/data-file.ts";

export interface Verdict {
  readonly file: string;
  readonly verdict: "PASS" | "FAIL" | "SKIP";
  /** Why it is not a pass. */
  readonly why: string;
}

const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join(" ");

/** Groups that the suite's own runner leaves out by default: calls by register, packet loads. */
function needsOtherGroup({ insns }: ConformanceTest): boolean {
  return insns.some(({ code }) => {
    const mode = op.modeOf(code);
    const packet = op.classOf(code) === op.BPF_LD && (mode === op.BPF_ABS || mode === op.BPF_IND);
    return packet || code === (op.BPF_JMP | op.BPF_CALL | op.BPF_X);
  });
}

/** Asks the plugin about one file. */
async function judge(
  path: string,
  file: string,
  command: readonly string[],
  endian: Endian,
): Promise<Verdict> {
  const test = readDataFile(readFileSync(path, "utf8"));
  if (needsOtherGroup(test)) return { file, verdict: "SKIP", why: "not of the default groups" };
  const { code, stdout, stderr } = await ask(command, test, endian);
  if (test.expected.kind === "error")
    return code !== 0 && stderr.trim() === test.expected.text
      ? { file, verdict: "PASS", why: "" }
      : { file, verdict: "FAIL", why: `exit ${code}, "${stderr.trim()}" instead of "${test.expected.text}"` };
  const wanted = hex64(test.expected.value);
  const value = parseU64(`0x${stdout.trim().replace(/^0x/, "")}`);
  if (code === 0 && value !== undefined && hex64(value) === wanted) return { file, verdict: "PASS", why: "" };
  const got = value === undefined || code !== 0 ? `exit ${code}: ${stderr.trim()}` : hex64(value);
  return { file, verdict: "FAIL", why: `${got} instead of ${wanted}` };
}

interface Reply {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function ask(command: readonly string[], test: ConformanceTest, endian: Endian): Promise<Reply> {
  const [program = "", ...args] = command;
  if (test.memory.length > 0) args.push(hex(test.memory));
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${hex(encodeInsns(test.insns, endian))}\n`);
  });
}

/** Verdicts of all files of a directory, in order of their names; as many at a time as there are processors. */
export async function runSuite(
  directory: string,
  command: readonly string[],
  { endian = "le", filter = "" }: { readonly endian?: Endian; readonly filter?: string } = {},
): Promise<readonly Verdict[]> {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith(".data") && name.includes(filter))
    .sort();
  const verdicts: Verdict[] = [];
  const queue = files.values();
  const worker = async (): Promise<void> => {
    for (const file of queue) verdicts.push(await judge(join(directory, file), file, command, endian));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return verdicts.sort((a, b) => (a.file < b.file ? -1 : 1));
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { endian: { type: "string", default: "le" }, filter: { type: "string", default: "" } },
  });
  const [directory, ...command] = positionals;
  if (directory === undefined || command.length === 0 || (values.endian !== "le" && values.endian !== "be")) {
    console.error("usage: tsx scripts/conformance.ts [--endian le|be] [--filter TEXT] DIRECTORY -- COMMAND…");
    process.exitCode = 2;
    return;
  }
  const verdicts = await runSuite(directory, command, { endian: values.endian, filter: values.filter });
  for (const { file, verdict, why } of verdicts)
    if (verdict !== "PASS") console.log(`${verdict} ${file} ${why}`);
  const count = (verdict: string): number => verdicts.filter((v) => v.verdict === verdict).length;
  console.log(`${count("PASS")} passed, ${count("FAIL")} failed, ${count("SKIP")} skipped`);
  process.exitCode = count("FAIL") === 0 && count("PASS") > 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
