// Runs the built command as a user does. Not a test.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `node dist/farcall.js ARGS…` in the project's folder; a run of more than `timeoutMs` ends with status null. */
export function farcall(
  args: readonly string[],
  input: string | Uint8Array = "",
  timeoutMs = 60_000,
): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["dist/farcall.js", ...args], {
    cwd: ROOT,
    input,
    encoding: "utf8",
    timeout: timeoutMs,
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, stdout, stderr };
}

/** The one JSON document on standard output. */
export function farcallJson(args: readonly string[], input: string | Uint8Array = ""): unknown {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const { status, stdout, stderr } = farcall([...args.slice(0, end), "--json", ...args.slice(end)], input);
  if (status !== 0) throw new Error(`farcall ${args.join(" ")}: exit ${String(status)}: ${stderr}`);
  return JSON.parse(stdout);
}
