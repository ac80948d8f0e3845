// Records examples/expected.json: what the kernel of this machine returns for every captured frame, and its maps.
// Needs root, bpf(2) and bpftool; a little-endian machine (the .el.o objects are loaded).
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { arch, release, tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "prettier";
import { capturedFrames, examplePath, examples } from "./examples.ts";
import type { Expected, ExpectedProgram, ExpectedRun } from "./examples.ts";

const bpftool = (...args: readonly string[]): unknown => {
  const text = execFileSync("bpftool", ["-j", ...args], { encoding: "utf8" });
  return text === "" ? undefined : JSON.parse(text);
};

function changedBytes(before: Uint8Array, after: Uint8Array): ExpectedRun["changed"] {
  if (before.length !== after.length) throw new Error("a program changed a packet's length");
  const first = after.findIndex((byte, i) => byte !== before[i]);
  if (first < 0) return undefined;
  const last = after.findLastIndex((byte, i) => byte !== before[i]);
  return [first, Buffer.from(after.subarray(first, last + 1)).toString("hex")];
}

function record(object: string, maps: readonly string[]): ExpectedProgram {
  const scratch = mkdtempSync(join(tmpdir(), "farcall-expected-"));
  const pins = `/sys/fs/bpf/farcall-${process.pid}`;
  const [program, pinnedMaps] = [`${pins}-program`, `${pins}-maps`];
  try {
    bpftool("prog", "load", examplePath(`${object}.el.o`), program, "pinmaps", pinnedMaps);
    const runs = capturedFrames().map((frame): ExpectedRun => {
      const [dataIn, dataOut] = [join(scratch, "in"), join(scratch, "out")];
      writeFileSync(dataIn, frame);
      const run = ["prog", "run", "pinned", program, "data_in", dataIn, "data_out", dataOut];
      const { retval } = bpftool(...run, "data_size_out", "4096") as { retval: number };
      const changed = changedBytes(frame, readFileSync(dataOut));
      return { retval: retval >>> 0, ...(changed === undefined ? {} : { changed }) };
    });
    const files = maps.length === 0 ? [] : readdirSync(pinnedMaps);
    const dumped = maps.map((name) => {
      const file = files.find((pin) => pin === name || pin === `${object}${name.replace(".", "_")}`);
      if (file === undefined)
        throw new Error(`${object}: no pinned map for ${name} among ${files.join(" ")}`);
      const items = bpftool("map", "dump", "pinned", join(pinnedMaps, file)) as Item[];
      const hex = (bytes: readonly string[]): string => bytes.map((byte) => byte.slice(2)).join("");
      const plain = items.map((item) => ({ key: hex(item.key), value: hex(item.value) }));
      return [name, plain.sort((a, b) => (a.key < b.key ? -1 : 1))] as const;
    });
    return { runs, maps: Object.fromEntries(dumped) };
  } finally {
    rmSync(program, { force: true });
    rmSync(pinnedMaps, { force: true, recursive: true });
    rmSync(scratch, { recursive: true });
  }
}
interface Item {
  readonly key: readonly string[];
  readonly value: readonly string[];
}

const expected: Expected = {
  kernel: `Linux ${release()} ${arch()}`,
  programs: Object.fromEntries(examples.map(({ name, maps }) => [name, record(name, Object.keys(maps))])),
};
writeFileSync(
  examplePath("expected.json"),
  await format(JSON.stringify(expected), { parser: "json", printWidth: 110 }),
);
