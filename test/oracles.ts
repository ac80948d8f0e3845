// Real tools to compare with, for tests: how one is found, run, and reported as missing.
// It knows no tool by name, and decides nothing about their output.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, it } from "vitest";

export interface OracleResult {
  readonly stdout: Buffer;
  readonly stderr: string;
  /** The exit code; -1 where a signal ended it. */
  readonly status: number;
}

/** A command of a Debian package. `run` throws OracleError where the command cannot be started. */
export interface Oracle {
  readonly command: string;
  readonly debianPackage: string;
  readonly available: boolean;
  run(args: readonly string[], input?: Uint8Array | string): OracleResult;
}

export class OracleError extends Error {
  override readonly name = "OracleError";
}

function isInstalled(command: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const outputLimitBytes = 256 * 2 ** 20;

/** A tool to compare with; nothing is started until `run`. */
export function oracle(command: string, debianPackage: string): Oracle {
  return {
    command,
    debianPackage,
    available: isInstalled(command),
    run(args, input) {
      const result = spawnSync(command, args, {
        maxBuffer: outputLimitBytes,
        ...(input === undefined ? {} : { input }),
      });
      if (result.error !== undefined)
        throw new OracleError(`${command} (${debianPackage}): ${result.error.message}`);
      return {
        stdout: result.stdout,
        stderr: result.stderr.toString("utf8"),
        status: result.status ?? -1,
      };
    },
  };
}

/**
 * A `describe` that needs oracles. Where one is missing: a line on the console that names its package, and the tests are
 * skipped; with FARCALL_REQUIRE_ORACLES=1 one test fails instead.
 */
export function describeWithOracle(name: string, oracles: readonly Oracle[], tests: () => void): void {
  const missing = oracles.filter((needed) => !needed.available);
  if (missing.length === 0) {
    describe(name, tests);
    return;
  }
  const packages = missing.map((needed) => needed.debianPackage).join(", ");
  if (process.env["FARCALL_REQUIRE_ORACLES"] === "1") {
    it(name, () => {
      throw new OracleError(`${name} needs ${packages}`);
    });
    return;
  }
  console.log(`skipped: ${name} needs ${packages}`);
  // Not even the body of the group runs: it may ask an oracle for its cases.
  it.skip(`${name}: needs ${packages}`, () => undefined);
}
