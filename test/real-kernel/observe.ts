// A real ppc64el kernel booted under qemu-system-ppc64, and what it says of its address space. The kernel is the tester's: nothing of it
// is here, and what its one process does is init.c.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OracleError, type Oracle } from "../oracles.ts";
import { parseU64, type U64 } from "../../word/long.ts";
import { initramfs } from "./initramfs.ts";

/** A line of /proc/vmallocinfo; `end` is behind the guard page. */
export interface Area {
  readonly start: U64;
  readonly end: U64;
  /** What follows the addresses. */
  readonly rest: string;
}

/** An image of a BPF function: where its code begins, and how many bytes it has. */
export interface Image {
  readonly address: U64;
  readonly bytes: number;
}

export interface Observation {
  /** As in `uname -r`. */
  readonly release: string;
  readonly mmu: "hash" | "radix";
  readonly pageBytes: number;
  /** First addresses, as the kernel logs them at boot. */
  readonly starts: { readonly vmalloc: U64; readonly io: U64; readonly vmemmap: U64 };
  readonly symbols: ReadonlyMap<string, U64>;
  /** Before programs were loaded, and with them. */
  readonly areas: { readonly before: readonly Area[]; readonly after: readonly Area[] };
  /** Of each program: its main function first. */
  readonly programs: readonly (readonly Image[])[];
}

/** How QEMU is started; what the kernel is told besides. */
export interface Machine {
  readonly name: string;
  readonly qemu: readonly string[];
  readonly commandLine: string;
}

const SECONDS = 300;

/** What booting and building take. */
interface Tools {
  readonly qemu: Oracle;
  readonly gcc: Oracle;
}

/** Boots `kernel` (a vmlinux) with init.c as its one process. @throws OracleError where it does not come to its end */
export function observe(tools: Tools, kernel: string, machine: Machine): Observation {
  return parse(boot(tools, kernel, machine, "init.c"));
}

/** What a kernel with `init` (a C file beside this one) as its one process prints. @throws OracleError where that cannot be built */
export function boot(tools: Tools, kernel: string, machine: Machine, init: string): string {
  const folder = mkdtempSync(join(tmpdir(), "farcall-real-kernel-"));
  try {
    const program = join(folder, "init");
    const source = fileURLToPath(new URL(init, import.meta.url));
    const built = tools.gcc.run(["-static", "-O2", "-Wall", "-Werror", "-o", program, source]);
    if (built.status !== 0) throw new OracleError(`${init}: ${built.stderr}`);
    const initrd = join(folder, "initrd");
    writeFileSync(initrd, initramfs(readFileSync(program)));
    const plain = [
      "-m",
      "1G",
      "-display",
      "none",
      "-serial",
      "stdio",
      "-monitor",
      "none",
      "-nodefaults",
      "-no-reboot",
    ];
    const commandLine = `console=hvc0 quiet loglevel=1 no_hash_pointers ${machine.commandLine}`;
    const args = [...machine.qemu, ...plain, "-kernel", kernel, "-initrd", initrd, "-append", commandLine];
    const { stdout } = spawnSync(tools.qemu.command, args, {
      encoding: "latin1",
      timeout: SECONDS * 1000,
      maxBuffer: 2 ** 24,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return stdout.replaceAll("\r", "");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function parse(output: string): Observation {
  const sections = [...output.matchAll(/^@@ (.*)\n([^]*?)(?=^@@ |$(?![^]))/gm)].map(
    ([, name = "", text = ""]) => ({ name, text }),
  );
  if (sections.at(-1)?.name !== "end")
    throw new OracleError(`the kernel did not come to the end: ${output.slice(-400)}`);
  const all = (name: string): readonly string[] => sections.filter((s) => s.name === name).map((s) => s.text);
  const one = (name: string): string => all(name)[0] ?? "";
  const start = (what: string): U64 =>
    hex(new RegExp(`${what} start += (0x[0-9a-f]+)`).exec(one("log"))?.[1]);
  const [before = "", after = ""] = all("/proc/vmallocinfo");
  return {
    release: /Linux version (\S+)/.exec(one("/proc/version"))?.[1] ?? "",
    mmu: /^MMU\s*: Radix/m.test(one("/proc/cpuinfo")) ? "radix" : "hash",
    pageBytes: Number(one("page size").trim()),
    starts: { vmalloc: start("vmalloc"), io: start("IO"), vmemmap: start("vmemmap") },
    symbols: new Map(
      [...one("kallsyms").matchAll(/^([0-9a-f]{16}) \S (\S+)$/gm)].map(([, at, name = ""]) => [
        name,
        hex(`0x${at ?? ""}`),
      ]),
    ),
    areas: { before: parseAreas(before), after: parseAreas(after) },
    programs: one("programs")
      .trim()
      .split("\n")
      .map((line) =>
        [...line.matchAll(/(0x[0-9a-f]{16})\+(\d+)/g)].map(([, at, bytes]) => ({
          address: hex(at),
          bytes: Number(bytes),
        })),
      ),
  };
}

/** The text of /proc/vmallocinfo, real or ours. Throws for a line of another form. */
export function parseAreas(text: string): readonly Area[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, start, end, size, rest = ""] =
        /^(0x[0-9a-f]{16})-(0x[0-9a-f]{16}) +(\d+)( .*)?$/.exec(line) ?? [];
      const area = { start: hex(start), end: hex(end), rest: rest.trim() };
      if (area.end.sub(area.start).toNumber() !== Number(size))
        throw new OracleError(`/proc/vmallocinfo: ${line}`);
      return area;
    });
}

function hex(text = ""): U64 {
  const value = parseU64(text);
  if (value === undefined) throw new OracleError(`'${text}' is no address`);
  return value;
}
