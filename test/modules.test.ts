// The example modules compiled anew, against the same sources in user mode under QEMU, each byte order by itself; and the committed
// objects are what gcc makes of the sources.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Kernel } from "../index.ts";
import { readModuleFile } from "../kernel/module/file.ts";
import { runModules } from "../kernel/module/test/run.ts";
import { compileModules, gccVersion, runInUserMode } from "../scripts/build-modules.ts";
import { expectedModules, groupsOf, moduleBuilds, modulePath } from "../scripts/module-examples.ts";
import { describeWithOracle, oracle, type Oracle } from "./oracles.ts";

/** gcc, and the C library that the harness is linked with: a package of its own. */
function compilers(target: string, architecture: string): readonly Oracle[] {
  const gcc = oracle(`${target}-gcc`, `gcc-${target}`);
  const available = existsSync(`/usr/${target}/lib/libc.a`);
  return [gcc, { ...gcc, available, debianPackage: `libc6-dev-${architecture}-cross` }];
}

const tools = [
  ...compilers("powerpc64le-linux-gnu", "ppc64el"),
  ...compilers("powerpc64-linux-gnu", "ppc64"),
  oracle("qemu-ppc64le", "qemu-user"),
  oracle("qemu-ppc64", "qemu-user"),
];

/** An object with its BTF blanked: gcc writes its types in another order every time. */
function withoutTypes(path: string): Buffer {
  const bytes = readFileSync(path);
  for (const { name, data } of readModuleFile(bytes).sections) if (name === ".BTF") data.fill(0);
  return bytes;
}

describeWithOracle("example modules and the same C under qemu-user", tools, () => {
  const directory = mkdtempSync(join(tmpdir(), "farcall-modules-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  const inUserMode = { le: runInUserMode("le"), be: runInUserMode("be") };

  it("both byte orders print and return the same, and what expected.json says", () => {
    expect(inUserMode.le).toEqual(expectedModules());
    expect(inUserMode.be).toEqual(expectedModules());
  });

  it.each(moduleBuilds)("compiled anew: $suffix", (build) => {
    compileModules(build, directory);
    const { endian, abi, cpu, suffix } = build;
    const kernel = new Kernel({ cpu, endian, abi, ramBytes: 64 * 1024 ** 2 });
    const records = groupsOf(build).flatMap((group) =>
      runModules(
        kernel,
        group.map((name) => ({ name, bytes: readFileSync(join(directory, `${name}${suffix}.o`)) })),
      ),
    );
    const names = new Set(records.map(({ name }) => name));
    expect(records).toEqual(inUserMode[endian].filter(({ name }) => names.has(name)));
    if (readFileSync(modulePath("gcc.txt"), "utf8").split("\n").includes(gccVersion(endian)))
      for (const name of names) {
        const file = `${name}${suffix}.o`;
        const same = withoutTypes(join(directory, file)).equals(withoutTypes(modulePath(file)));
        expect(same, `${file}: run scripts/build-modules.ts`).toBe(true);
      }
  });
});
