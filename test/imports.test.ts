// Imports point one way: the arrows of the architecture, checked on every source file. Type-only imports count too.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Layers, and what each may import besides itself and `word`. A longer prefix wins. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  word: [],
  "cpu/isa": [],
  cpu: ["cpu/isa"],
  bpf: [],
  jit: ["bpf", "cpu/isa"],
  kernel: ["jit", "bpf", "cpu", "cpu/isa"],
  lab: ["kernel", "jit", "bpf", "cpu", "cpu/isa"],
  cli: ["lab", "kernel", "jit", "bpf", "cpu", "cpu/isa"],
  "index.ts": ["kernel", "jit", "bpf", "cpu", "cpu/isa"],
};
const ANYTHING = ["test", "scripts"];
/** Only these read the host's files or ask the process anything. */
const HOST = ["cli", ...ANYTHING];
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  long: Object.keys(ARROWS),
  commander: ["cli"],
  workerpool: ["cli"],
  "cli-progress": ["cli"],
  "d3-scale": ["lab"],
};

/** Helpers of tests stand beside them in folders of this name. */
const TEST_FOLDER = /\/(?:test|testing)\//;

function layerOf(path: string): string {
  if (TEST_FOLDER.test(path)) return "test";
  const names = [...Object.keys(ARROWS), ...ANYTHING].sort((a, b) => b.length - a.length);
  const layer = names.find((name) => path === name || path.startsWith(`${name}/`));
  if (layer === undefined) throw new Error(`${path} is in no layer of the architecture`);
  return layer;
}

function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((file) => `${folder}/${file.split(sep).join("/")}`)
    .filter((file) => file.endsWith(".ts") && !/\.(?:d|test|bench)\.ts$/.test(file));
}

/** The imports of `text` that the arrows forbid to a file at `path`; each as one line. */
function forbidden(path: string, text: string): readonly string[] {
  const layer = layerOf(path);
  if (ANYTHING.includes(layer)) return [];
  const targets = [
    ...text.matchAll(
      /(?:^|\s)(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)|^import\s+"([^"]+)"/gm,
    ),
  ];
  return targets.flatMap((match) => {
    const target = match[1] ?? match[2] ?? match[3] ?? "";
    if (target.startsWith("node:")) return HOST.includes(layer) ? [] : [`${path} imports ${target}`];
    if (!target.startsWith("."))
      return PACKAGES[target]?.includes(layer) === true ? [] : [`${path} imports ${target}`];
    const file = relative(ROOT, join(ROOT, dirname(path), target))
      .split(sep)
      .join("/");
    const other = layerOf(file);
    const allowed = other === layer || other === "word" || ARROWS[layer]?.includes(other) === true;
    return allowed ? [] : [`${path} imports ${file}`];
  });
}

describe("the direction of imports", () => {
  const files = ["word", "cpu", "bpf", "jit", "kernel", "lab", "cli"].flatMap(sources);

  it("every file imports only what its layer may", () => {
    expect(files.length).toBeGreaterThan(20);
    expect(
      [...files, "index.ts"].flatMap((path) => forbidden(path, readFileSync(join(ROOT, path), "utf8"))),
    ).toEqual([]);
  });

  it("a wrong arrow, an import of the host or of a package, and a dynamic import are found", () => {
    expect(forbidden("bpf/a.ts", `import { x } from "../cpu/isa/x.ts";`)).toHaveLength(1);
    expect(forbidden("cpu/isa/a.ts", `import type {\n  A,\n} from "../state.ts";`)).toHaveLength(1);
    expect(forbidden("jit/a.ts", `export * from "../kernel/x.ts";`)).toHaveLength(1);
    expect(forbidden("kernel/a.ts", `import { readFileSync } from "node:fs";`)).toHaveLength(1);
    expect(forbidden("kernel/a.ts", `const x = await import("../cli/x.ts");`)).toHaveLength(1);
    expect(forbidden("jit/a.ts", `import { Command } from "commander";`)).toHaveLength(1);
    expect(forbidden("jit/a.ts", `import { x } from "../bpf/x.ts";\nimport Long from "long";`)).toEqual([]);
  });

  it("no process, Buffer or file name of the host is used outside the command line", () => {
    const library = files.filter((path) => !HOST.includes(layerOf(path)));
    const using = library.filter((path) =>
      /\b(?:process\.(?:env|argv|std|exit|cwd|platform|hrtime)|Buffer\.|__dirname)/.test(
        withoutComments(readFileSync(join(ROOT, path), "utf8")),
      ),
    );
    expect(using).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
}
