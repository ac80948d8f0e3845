// --jit-log as a user sees it: on standard error, beside whatever the verb prints.
import { describe, expect, it } from "vitest";
import { farcall } from "./farcall.ts";

const CALLS = "examples/calls.el.o";

describe("--jit-log", () => {
  it.each([
    `run ${CALLS} --json`,
    `prog show ${CALLS}`,
    `prog dump jited ${CALLS}`,
    `layouts hash64k-4.15 --with ${CALLS} --json`,
  ])("%s", (line) => {
    const given = line.split(" ");
    const plain = farcall(given);
    const logged = farcall([...given, "--jit-log"]);
    expect(plain.stderr).toBe("");
    const steady = (text: string): string => text.replaceAll(/"duration_ns":\d+|loaded_at \S+/g, "");
    expect(steady(logged.stdout)).toBe(steady(plain.stdout));
    expect(logged.status).toBe(0);
    // Two functions of many; main's call becomes one bl.
    expect(logged.stderr).toMatch(/^jit: calls: pass 0, round 1, sizing: \d+ bytes$/m);
    expect(logged.stderr).toMatch(/^jit: mix: pass 1, round 2, at 0x[0-9a-f]{16}: \d+ bytes$/m);
    expect(logged.stderr).toMatch(/^ {2}insns 1\.\.\d+: 0x[0-9a-f]+ → 0x[0-9a-f]+$/m);
    expect(logged.stderr).toMatch(
      /^ {2}call of digest at insn 0, 0x[0-9a-f]+: bl 0x[0-9a-f]{16}; mr r8,r3$/m,
    );
  });
  it("conformance has it; without a JIT there is nothing to say", () => {
    const program = "b7 00 00 00 2a 00 00 00 95 00 00 00 00 00 00 00";
    const { stdout, stderr } = farcall(["conformance", "--jit-log"], program);
    expect(stdout).toBe("2a\n");
    expect(stderr.split("\n").filter((line) => line.startsWith("jit: "))).toHaveLength(2);
    expect(farcall(["conformance", "--jit-log", "--no-jit"], program).stderr).toBe("");
  });
  it("ranges loads hundreds of programs: exit 2", () => {
    expect(farcall(["ranges", CALLS, "--jit-log"])).toMatchObject({ status: 2, stdout: "" });
  });
});
