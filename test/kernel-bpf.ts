// The BPF of the kernel that runs the tests, as an oracle for programs: through bpftool, in a folder of its own in
// /sys/fs/bpf. What a program returns, or whether it is a good one, is the tests' business.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { describeWithOracle, oracle, type OracleResult } from "./oracles.ts";

export const bpftool = oracle("bpftool", "bpftool");

function isPermitted(): boolean {
  try {
    rmSync(mkdtempSync("/sys/fs/bpf/farcall-"), { recursive: true });
    return bpftool.run(["prog", "show"]).status === 0;
  } catch {
    return false;
  }
}

/**
 * A `describe` that needs bpftool and a kernel that lets it load programs; skipped, with a line, where it may not.
 * @param versions the kernels whose words are known, for tests that compare words: first and last, as [6, 12].
 */
export function describeWithKernel(
  name: string,
  tests: () => void,
  versions?: { readonly from: readonly [number, number]; readonly to: readonly [number, number] },
): void {
  const skip = (reason: string): void => {
    console.log(`skipped: ${name} needs ${reason}`);
    // The tests themselves are not even collected: what they prepare may need what is missing.
    describe.skip(name, () => {
      it(reason, () => undefined);
    });
  };
  if (!bpftool.available) describeWithOracle(name, [bpftool], tests);
  else if (!isPermitted()) skip("permission to use bpf(2) and a mounted /sys/fs/bpf");
  else if (versions !== undefined && !isBetween(versions.from, versions.to))
    skip(`Linux ${versions.from.join(".")} to ${versions.to.join(".")}, this is ${release()}`);
  else describe(name, tests);
}

function isBetween(from: readonly [number, number], to: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  const number = (v: readonly [number, number]): number => v[0] * 1000 + v[1];
  return number([major, minor]) >= number(from) && number([major, minor]) <= number(to);
}

/** Programs and maps pinned for one test; `close` unloads them. */
export class Pins {
  readonly folder = mkdtempSync("/sys/fs/bpf/farcall-");
  #count = 0;
  /** Loads every program of an object file; programs are pinned by name in `programs`, maps in `maps`. */
  loadAll(object: string): OracleResult {
    for (const part of ["programs", "maps"]) mkdirSync(this.#path(part), { recursive: true });
    return bpftool.run(["prog", "loadall", object, this.#path("programs"), "pinmaps", this.#path("maps")]);
  }
  /** Loads one object with one program; what it says, with the verifier's log where it refuses. */
  load(object: string): OracleResult {
    return bpftool.run(["prog", "load", object, this.#path(`one-${++this.#count}`)]);
  }
  /** What `bpftool … prog dump xlated` prints of a pinned program. */
  dumpXlated(program: string, flags: readonly string[] = []): string {
    return this.#print([...flags, "prog", "dump", "xlated", "pinned", join(this.#path("programs"), program)]);
  }
  /** What `bpftool -j map show` prints of a pinned map. */
  showMap(map: string): unknown {
    return JSON.parse(this.#print(["-j", "map", "show", "pinned", join(this.#path("maps"), map)]));
  }
  close(): void {
    rmSync(this.folder, { recursive: true });
  }
  #path(part: string): string {
    return join(this.folder, part);
  }
  #print(args: readonly string[]): string {
    const result = bpftool.run(args);
    if (result.status !== 0) throw new Error(`bpftool ${args.join(" ")}: ${result.stderr}`);
    return result.stdout.toString();
  }
}
