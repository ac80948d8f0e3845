// Compiles the example modules for every build with gcc; and runs the same sources in user mode under QEMU, which says what they
// are to print and return. `tsx scripts/build-modules.ts`: the committed objects and expected.json are replaced.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import {
  groupsOf,
  MODULE_FLAGS,
  MODULE_GROUPS,
  moduleBuilds,
  moduleCompiler,
  modulePath,
  SOURCE_FLAGS,
  type ModuleBuild,
  type ModuleRecord,
} from "./module-examples.ts";

const SOURCES = modulePath(".");

/** Writes the objects of a build into `directory`; throws where gcc fails. */
export function compileModules(build: ModuleBuild, directory: string): void {
  for (const name of groupsOf(build).flat()) {
    const object = join(directory, `${name}${build.suffix}.o`);
    gcc(build.endian, [
      ...MODULE_FLAGS,
      `-mcpu=${build.cpu}`,
      ...build.flags,
      ...(SOURCE_FLAGS[name] ?? []),
      "-c",
      `${name}.c`,
      "-o",
      object,
    ]);
  }
}

/** `gcc --version`, first line: the same compiler makes the same bytes. */
export function gccVersion(endian: "le" | "be"): string {
  return execFileSync(moduleCompiler(endian), ["--version"], { encoding: "utf8" }).split("\n")[0] ?? "";
}

/** Compiles the sources for user mode, each by itself, links them with the harness, and runs them under QEMU. */
export function runInUserMode(endian: "le" | "be"): readonly ModuleRecord[] {
  const directory = mkdtempSync(join(tmpdir(), "farcall-modules-"));
  try {
    const names = MODULE_GROUPS.flat();
    const objects = names.map((name) => {
      const object = join(directory, `${name}.o`);
      const own = [`-Dinit_module=${name}_init`, `-Dcleanup_module=${name}_exit`];
      gcc(endian, ["-O1", "-ffreestanding", "-mcpu=power8", ...own, "-c", `${name}.c`, "-o", object]);
      return object;
    });
    const list = `-DMODULES=${names.map((name) => `MODULE(${name})`).join(" ")}`;
    const harness = fileURLToPath(new URL("../test/modules/harness.c", import.meta.url));
    const program = join(directory, "modules");
    gcc(endian, ["-O1", "-static", "-mcpu=power8", list, harness, ...objects, "-o", program]);
    const emulator = `qemu-ppc64${endian === "le" ? "le" : ""}`;
    return records(execFileSync(emulator, [program], { encoding: "utf8" }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** BTF holds the folder, whatever maps of prefixes say: by this name it is the same on every machine. */
const HERE = "/proc/self/cwd";

function gcc(endian: "le" | "be", args: readonly string[]): void {
  const env = { ...process.env, PWD: HERE };
  execFileSync(moduleCompiler(endian), args, { cwd: SOURCES, env, stdio: "inherit" });
}

/** Takes the harness's output apart. */
function records(output: string): readonly ModuleRecord[] {
  const found: { name: string; printed: string[]; returned: number; exit: string[] }[] = [];
  let lines: string[] = [];
  for (const line of output.trimEnd().split("\n")) {
    const [, name, isExit] = /^== (\w+)( exit)?$/.exec(line) ?? [];
    const [, returned] = /^== returned (-?\d+)$/.exec(line) ?? [];
    const last = found.at(-1);
    if (returned !== undefined && last !== undefined) last.returned = Number(returned);
    else if (name === undefined) lines.push(line);
    else if (isExit === undefined) {
      found.push({ name, printed: [], returned: 0, exit: [] });
      lines = found.at(-1)?.printed ?? [];
    } else lines = found.find((record) => record.name === name)?.exit ?? [];
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const build of moduleBuilds) compileModules(build, SOURCES);
  writeFileSync(
    modulePath("expected.json"),
    await format(JSON.stringify(runInUserMode("le")), { parser: "json", printWidth: 110 }),
  );
  writeFileSync(modulePath("gcc.txt"), `${gccVersion("le")}\n${gccVersion("be")}\n`);
}
