// Real tools to compare with: how one is found and run. Tests that need one are oracles.ts's; scripts may ask one, too.
// It knows no tool by name, and decides nothing about their output.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

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
