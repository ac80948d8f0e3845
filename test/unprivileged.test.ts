// `--unprivileged` and `--kptr-restrict`: what a user without CAP_BPF may load, and who sees which addresses.
import { describe, expect, it } from "vitest";
import { examplePath } from "../scripts/examples.ts";
import { farcall, farcallJson } from "./farcall.ts";

const CALLS = examplePath("calls.el.o");
const FILTER = "call ktime_get_ns\n r0 = 7\n exit";
/** Anything that looks like an address of the kernel. */
const ADDRESS = /\b(0x)?[c-f]0[0-9a-f]{14}\b/;

interface Refusal {
  readonly error: { readonly stage: string; readonly errno: string; readonly message: string };
}
const refusal = (args: readonly string[], input = ""): unknown => {
  const { status, stdout } = farcall([...args, "--json"], input);
  expect(status).toBe(1);
  return (JSON.parse(stdout) as Refusal).error;
};

describe("--unprivileged", () => {
  it("runs a socket filter and tells no address", () => {
    const ran = farcall(["run", "-", "--unprivileged"], FILTER);
    expect(ran).toMatchObject({ status: 0 });
    expect(ran.stdout).toContain("returned 7");
    expect(ran.stdout).not.toMatch(ADDRESS);
    const json = farcallJson(["run", "-", "--unprivileged"], FILTER);
    expect(json).toMatchObject({ retval: 7, functions: [{ name: "main", id: 1, address: null }] });
  });

  it("refuses what such a user may not load, with the kernel's errno and the stage", () => {
    expect(refusal(["run", CALLS, "--unprivileged"])).toMatchObject({
      stage: "load",
      errno: "EPERM",
      message: "calls: a program of type sched_cls needs CAP_BPF",
    });
    const long = "r0 = 0\n".repeat(4096) + "exit";
    expect(refusal(["run", "-", "--unprivileged"], long)).toMatchObject({ stage: "load", errno: "E2BIG" });
    const loop = "r1 = 3\nl:\n r1 += -1\n if r1 != 0 goto l\n r0 = 0\n exit";
    expect(refusal(["run", "-", "--unprivileged"], loop)).toMatchObject({ stage: "verify", errno: "EINVAL" });
    const call = "call f\n exit\nf:\n r0 = 0\n exit";
    expect(refusal(["run", "-", "--unprivileged"], call)).toMatchObject({ stage: "verify", errno: "EPERM" });
  });

  // An image takes whole pages, here one of 64K. [Linux kernel/bpf/core.c bpf_jit_binary_alloc]
  it.each(["hash64k-4.15", "radix64k-6.12"])("is interpreted beyond --jit-limit, on %s", (layout) => {
    const jitedBytes = (...args: readonly string[]): unknown => {
      const ran = farcallJson(["run", "-", "--layout", layout, ...args], FILTER);
      expect(ran).toMatchObject({ retval: 7 });
      return (ran as { readonly jited_bytes: number }).jited_bytes;
    };
    const whole = jitedBytes();
    expect(whole).not.toBe(0);
    expect(jitedBytes("--unprivileged", "--jit-limit", "64K")).toBe(whole);
    expect(jitedBytes("--unprivileged", "--jit-limit", "65535")).toBe(0);
    expect(jitedBytes("--jit-limit", "1")).toBe(whole);
  });

  it.each(["0", "-1", "64KB", "1.5M", "", "9007199254740992"])("takes no --jit-limit of '%s'", (text) => {
    const { status, stderr } = farcall(["run", "-", `--jit-limit=${text}`], FILTER);
    expect(status).toBe(2);
    expect(stderr.trimEnd()).toMatch(/^[^\n]*--jit-limit: [^\n]*$/);
  });

  it("is no way to load without a verifier", () => {
    const { status, stderr } = farcall(["run", "x.bin", "--unprivileged", "--no-verify"]);
    expect(status).toBe(2);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(farcall(["conformance", "--unprivileged"], "9500000000000000")).toMatchObject({ status: 2 });
  });

  it("shows that there is a program, and none of its instructions", () => {
    const show = farcallJson(["prog", "show", "-", "--unprivileged"], FILTER);
    expect(show).toMatchObject({ uid: 1000, bytes_xlated: 0, jited: false });
    for (const what of ["xlated", "jited"])
      expect(farcall(["prog", "dump", what, "-", "--unprivileged"], FILTER)).toMatchObject({
        status: 1,
        stdout: "",
      });
  });
});

describe("--kptr-restrict", () => {
  it.each(["imm32", "callee-list", "aux-func", "prog-id"])("no dump has an address: %s", (encoding) => {
    const { status, stdout } = farcall([
      ...["prog", "dump", "xlated", CALLS, "opcodes", "--kptr-restrict"],
      ...["--call-encoding", encoding],
    ]);
    expect(status).toBe(0);
    expect(stdout).not.toMatch(ADDRESS);
    const calls = [...stdout.matchAll(/call pc(.*)$/gm)].map(([, text = ""]) => text);
    expect(calls).toHaveLength(7);
    const form = encoding === "prog-id" ? /^[+-]\d+#bpf_prog_[0-9a-f]{16}_\w+$/ : /^[+-]\d+#0x0$/;
    for (const call of calls) expect(call).toMatch(form);
  });

  it("helpers are calls of nothing, code is not shown, lengths are", () => {
    const counters = examplePath("counters.el.o");
    const { stdout } = farcall(["prog", "dump", "xlated", counters, "--kptr-restrict"]);
    expect(stdout.match(/call bpf_unspec#0/g)).toHaveLength(3);
    expect(farcall(["prog", "dump", "jited", counters, "--kptr-restrict"])).toMatchObject({ status: 1 });
    const [shown, open] = [["--kptr-restrict"], []].map((options) =>
      farcallJson(["prog", "show", counters, ...options]),
    ) as [{ bytes_jited: number }, { bytes_jited: number }];
    expect(shown.bytes_jited).toBe(open.bytes_jited);
  });
});
