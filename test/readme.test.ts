// The README's library example: short, and it does what it says when it is run as it stands.
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { farcall } from "./farcall.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(ROOT, "README.md"), "utf8");
/** Of one language; a fence that closes a block opens no other. */
const blocks = (language: string): readonly string[] =>
  [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text = ""]) =>
    name === language ? [text] : [],
  );

describe("the README", () => {
  const user = mkdtempSync(join(tmpdir(), "farcall-readme-"));
  afterAll(() => rmSync(user, { recursive: true }));

  it("the library example has at most ten lines, runs and prints what the program returns", () => {
    const [example = ""] = blocks("ts");
    expect(example.trim().split("\n").length).toBeLessThanOrEqual(10);
    mkdirSync(join(user, "node_modules"));
    symlinkSync(ROOT, join(user, "node_modules/farcall"));
    symlinkSync(join(ROOT, "examples"), join(user, "examples"));
    writeFileSync(join(user, "example.mjs"), transformSync(example, { loader: "ts" }).code);
    const { stdout, stderr } = spawnSync(process.execPath, ["example.mjs"], { cwd: user, encoding: "utf8" });
    expect({ stdout, stderr }).toMatchObject({ stderr: "" });
    expect(stdout).toMatch(/^returned 2 after \d{3,} instructions\n$/); // XDP_PASS
  });
  it("what is added to the library example runs behind it", () => {
    const [example = "", ...others] = blocks("ts");
    expect(others).toHaveLength(2);
    writeFileSync(
      join(user, "more.mjs"),
      transformSync([example, ...others].join("\n"), { loader: "ts" }).code,
    );
    const { stdout, stderr } = spawnSync(process.execPath, ["more.mjs"], { cwd: user, encoding: "utf8" });
    expect({ stdout, stderr }).toMatchObject({ stderr: "" });
    expect(stdout).toMatch(/\n\d{3,} cycles, \d+ mispredicts\n$/);
  });
  it("every farcall command of the quick start works as it stands", () => {
    const [quickStart = ""] = blocks("sh");
    const lines = [...quickStart.matchAll(/^(?:echo '(.*?)' \| )?node dist\/farcall\.js (.*)$/gm)];
    expect(lines.length).toBeGreaterThan(4);
    for (const [line, input, command] of lines)
      expect({ line, ...farcall((command ?? "").split(" "), `${input ?? ""}\n`) }).toMatchObject({
        status: 0,
        stderr: "",
      });
  });
  it("the first screen is what npm start prints, times apart", () => {
    const [screen = ""] = blocks("");
    const args = [join(ROOT, "node_modules/tsx/dist/cli.mjs"), "scripts/start.ts"];
    const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    const timeless = (text: string): string => text.replaceAll(/in \d+ ms/g, "in … ms").trim();
    expect(timeless(screen.slice(screen.indexOf("\n")))).toBe(timeless(stdout));
  });
  it("every place in the code that knowingly differs is in the table of divergences, and no other", () => {
    const folders = ["word", "cpu", "bpf", "jit", "kernel", "lab", "cli"];
    const files = folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map(
        (file) => `${folder}/${file}`,
      ),
    );
    const tagged = files.filter(
      (file) => file.endsWith(".ts") && /\bDIVERGES[(:]/.test(readFileSync(join(ROOT, file), "utf8")),
    );
    const listed = [...readme.matchAll(/^\| `([a-z/-]+\.ts)` /gm)].map((match) => match[1] ?? "");
    expect(listed.sort()).toEqual(tagged.sort());
  });
  it("files that it links to exist", () => {
    for (const [, target] of readme.matchAll(/\]\(([^)#:]+)\)/g))
      expect(() => readFileSync(join(ROOT, target ?? ""))).not.toThrow();
  });
});
