// The package as others get it: what it declares, what it ships, and that a user's compiler and Node accept it.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDeclarations } from "../scripts/build.ts";
import { farcall } from "./farcall.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const manifest = JSON.parse(read("package.json")) as {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
};

describe("the manifest and its lock file", () => {
  it("the lock file pins integrity, not the place that a registry mirror happened to have", () => {
    const lock = read("package-lock.json");
    expect(lock).not.toContain('"resolved"');
    expect(lock).toContain('"integrity"');
  });
  it("two runtime dependencies: 64-bit values and the command-line parser", () => {
    expect(Object.keys(manifest.dependencies)).toEqual(["commander", "long"]);
  });
  it("the command is one executable file that needs no other", () => {
    const path = join(ROOT, manifest.bin["farcall"] ?? "");
    expect(statSync(path).mode & 0o111).not.toBe(0);
    const alone = mkdtempSync(join(tmpdir(), "farcall-alone-"));
    writeFileSync(join(alone, "farcall.mjs"), readFileSync(path));
    const { stdout } = spawnSync(process.execPath, [join(alone, "farcall.mjs"), "--version"], {
      encoding: "utf8",
    });
    rmSync(alone, { recursive: true });
    expect(stdout.trim()).toBe(manifest.version);
  });
  it("--version says the version of the manifest", () => {
    expect(farcall(["--version"])).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
  });
});

describe("a user of the library", () => {
  const user = mkdtempSync(join(tmpdir(), "farcall-user-"));
  beforeAll(() => {
    buildDeclarations();
    mkdirSync(join(user, "node_modules/@types"), { recursive: true });
    symlinkSync(ROOT, join(user, "node_modules/farcall"));
    writeFileSync(join(user, "package.json"), `{ "type": "module" }`);
  }, 60_000);
  afterAll(() => rmSync(user, { recursive: true }));

  const compile = (text: string, lib: readonly string[] = ["es2022", "dom"]): string => {
    writeFileSync(join(user, "main.ts"), text);
    const compilerOptions = {
      strict: true,
      target: "es2022",
      lib,
      module: "nodenext",
      types: [],
      outDir: ".",
    };
    writeFileSync(join(user, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.ts"] }));
    const args = [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "."];
    return spawnSync(process.execPath, args, { cwd: user, encoding: "utf8" }).stdout;
  };

  it("strict tsc accepts the declarations and finds a wrong use, and the code runs", () => {
    const program = `import { assemble, disassemble, hex64, Kernel, u64 } from "farcall";
      const { words } = assemble("add 3, 4, 5");
      const text: string = words.map((word) => disassemble(word, u64(0))).join();
      console.log(text, hex64(u64(-1)));
      // @ts-expect-error the declarations are not any: a wrong use is an error
      const wrong = (): Kernel => new Kernel({ ramBytes: "much" });`;
    expect(compile(program)).toBe("");
    const { stdout } = spawnSync(process.execPath, [join(user, "main.js")], { encoding: "utf8" });
    expect(stdout).toMatch(/^add +r3,r4,r5 0xffffffffffffffff\n$/);
  });
  it("a compiler without the browser's declarations accepts them too", () => {
    expect(
      compile(
        `import { Cpu } from "farcall";\nexport const engine: string = new Cpu({ ramBytes: 65536, endian: "le" }).engine;`,
        ["es2022"],
      ),
    ).toBe("");
  });
});
