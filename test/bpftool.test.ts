// What `farcall prog` prints against the real bpftool and the kernel of this machine, for the bundled objects: the same form,
// the same source lines and prototypes in the same places; instructions differ where the two machines do.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examplePath, examples } from "../scripts/examples.ts";
import { clang, compile } from "./clang.ts";
import { farcall, farcallJson } from "./farcall.ts";
import { bpftool, describeWithKernel, Pins } from "./kernel-bpf.ts";
import { oracle } from "./oracles.ts";

type Record_ = Readonly<Record<string, unknown>>;
type Rows = readonly Record_[];

const setpriv = oracle("setpriv", "util-linux");
const KALLSYMS = "/proc/sys/net/core/bpf_jit_kallsyms";

/** The sets of keys that rows have. */
const keysOf = (rows: Rows): readonly string[] =>
  [...new Set(rows.map((row) => Object.keys(row).join()))].sort();

/** Calls of functions with the tags, which are the machines' own, and addresses taken out. */
const callsIn = (text: string): readonly string[] =>
  [...text.matchAll(/call (pc\S+)/g)].map(([, call = ""]) =>
    call.replace(/bpf_prog_[0-9a-f]{16}_/, "bpf_prog_TAG_").replace(/0x[0-9a-f]{16}/, "0xADDRESS"),
  );

describeWithKernel("farcall prog beside bpftool prog", () => {
  let pins: Pins;
  beforeAll(() => {
    pins = new Pins();
  });
  afterAll(() => pins.close());

  const real = (program: string, args: readonly string[], flags: readonly string[] = []): string => {
    const pinned = ["pinned", join(pins.folder, "programs", program)];
    const [verb = "", what = "", detail] = args;
    const call = verb === "show" ? ["show", ...pinned] : ["dump", what, ...pinned];
    const all = [...flags, "prog", ...call, ...(detail === undefined ? [] : [detail])];
    return bpftool.run(all).stdout.toString();
  };

  it.each(examples.map(({ name, program }) => [name, program]))("%s", (name, program) => {
    const object = examplePath(`${name}.el.o`);
    expect(pins.loadAll(object)).toMatchObject({ status: 0 });
    const comments = (text: string): readonly string[] =>
      text.split("\n").filter((line) => /^;|\):$/.test(line));
    const form = /^(;.*|\S.*\):| {0,3}\d+: \([0-9a-f]{2}\) .*| {7}[0-9a-f]{2}( [0-9a-f]{2}){7,15})$/;
    for (const detail of [[], ["linum"], ["opcodes"]]) {
      const ours = farcall(["prog", "dump", "xlated", object, ...detail]).stdout;
      const theirs = real(program, ["dump", "xlated", ...detail]);
      expect(comments(ours).length).toBeGreaterThan(10);
      expect(comments(ours)).toEqual(comments(theirs));
      for (const text of [ours, theirs])
        expect(
          text
            .trimEnd()
            .split("\n")
            .filter((line) => !form.test(line)),
        ).toEqual([]);
      // Rewritten loads and helper calls between have other lengths.
      const callees = (text: string): readonly string[] =>
        callsIn(text).map((call) => call.replace(/^pc[+-]\d+/, ""));
      expect(callees(ours)).toEqual(callees(theirs));

      const json = farcallJson(["prog", "dump", "xlated", object, ...detail]) as Rows;
      const theirJson = JSON.parse(real(program, ["dump", "xlated", ...detail], ["-j"])) as Rows;
      expect(keysOf(json)).toEqual(keysOf(theirJson));
      const opcodes = (rows: Rows): readonly unknown[] =>
        rows.map(({ opcodes: fields }) => Object.keys((fields ?? {}) as Record_).join());
      expect(new Set(opcodes(json))).toEqual(new Set(opcodes(theirJson)));
    }

    // Who holds a program is not asked here.
    expect(Object.keys(farcallJson(["prog", "show", object]) as Record_)).toEqual(
      Object.keys(JSON.parse(real(program, ["show"], ["-j"])) as Record_).filter((key) => key !== "pids"),
    );
    const shape = (text: string): string =>
      text
        .replaceAll(/\tpids .*\n?/g, "")
        .replaceAll(/[0-9a-f]{16}|\d[-\dT:+]*/g, "0")
        .replaceAll(/0(,0)+/g, "0");
    expect(shape(farcall(["prog", "show", object]).stdout)).toBe(shape(real(program, ["show"])));
  });

  it.runIf(clang.available)("what no kernel rewrites, character by character", () => {
    const compiled = compile(`
      // Of a global function the verifier knows no argument and no result: it finds no dead code.
      NOINLINE int parity(u64 x) {
        int n = 0;
        for (int i = 0; i < 8; i++) {
          if (x & 1 && x != 7) n++;
          x >>= 1;
        }
        return n;
      }
      NOINLINE u64 mix(u64 x) {
        volatile u64 v = x;
        if (x > 100 || (x & 0xff) < 3) return v + 1;
        v = x * 0x123456789abcull;
        return parity(v) ? x : -x;
      }
      SEC("socket") int plain_code_and_calls(void *ctx) {
        u64 r = mix(41);
        if (r == 5) return 1;
        return parity(r) + mix(r);
      }`);
    try {
      expect(pins.loadAll(compiled.path)).toMatchObject({ status: 0 });
      const tagless = (text: string): string => text.replaceAll(/bpf_prog_[0-9a-f]{16}_/g, "bpf_prog_TAG_");
      for (const detail of [[], ["opcodes"], ["linum"], ["visual"]]) {
        const ours = farcall(["prog", "dump", "xlated", compiled.path, ...detail]);
        expect(ours.stderr).toBe("");
        expect(tagless(ours.stdout)).toBe(
          tagless(real("plain_code_and_calls", ["dump", "xlated", ...detail])),
        );
        if (detail[0] === "visual") continue;
        const json = farcallJson(["prog", "dump", "xlated", compiled.path, ...detail]);
        const theirs = real("plain_code_and_calls", ["dump", "xlated", ...detail], ["-j"]);
        expect(tagless(JSON.stringify(json))).toBe(tagless(JSON.stringify(JSON.parse(theirs))));
      }
    } finally {
      compiled.dispose();
    }
  });

  it.runIf(clang.available)(
    "functions that are called in another order than they lie, a call that ends a block",
    () => {
      const compiled = compile(`
      static u64 (*bpf_ktime_get_ns)(void) = (void *)5;
      NOINLINE u64 inner(u64 x) { volatile u64 v = x; return v * 3; }
      NOINLINE u64 first(u64 x) { volatile u64 v = x; return inner(v) + 1; }
      NOINLINE u64 second(u64 x) { volatile u64 v = x; return v + 2; }
      SEC("socket") int two_orders(u32 *ctx) {
        u64 r = first(*ctx);
        if (r & 1) bpf_ktime_get_ns();
        return second(r);
      }`);
      try {
        expect(pins.loadAll(compiled.path)).toMatchObject({ status: 0 });
        // How far a helper is from __bpf_call_base is each kernel's own.
        const near = (text: string): string => text.replaceAll(/(bpf_ktime_get_ns)#-?\d+/g, "$1");
        const theirs = near(real("two_orders", ["dump", "xlated", "visual"]));
        expect(theirs).toMatch(/bpf_ktime_get_ns\\l\\\n\}/);
        expect(theirs.indexOf("cluster_3")).toBeLessThan(theirs.indexOf("cluster_2"));
        expect(near(farcall(["prog", "dump", "xlated", compiled.path, "visual"]).stdout)).toBe(theirs);
      } finally {
        compiled.dispose();
      }
    },
  );

  describe("calls of functions", () => {
    const object = examplePath("calls.el.o");
    const ours = (...options: readonly string[]): readonly string[] =>
      callsIn(farcall(["prog", "dump", "xlated", object, ...options]).stdout);

    it("without names in kallsyms are addresses", () => {
      // For the whole machine, and only for this moment: what others load meanwhile lacks its names, too.
      const before = readFileSync(KALLSYMS, "utf8");
      try {
        writeFileSync(KALLSYMS, "0");
        expect(ours("--no-kallsyms")).toEqual(callsIn(real("calls", ["dump", "xlated"])));
        expect(ours("--no-kallsyms")[0]).toBe("pc+5#0xADDRESS");
      } finally {
        writeFileSync(KALLSYMS, before);
      }
    });

    it.runIf(setpriv.available)("to who may not see kernel addresses have none", () => {
      const pinned = ["pinned", join(pins.folder, "programs", "calls")];
      const asked = (caps: string, ...args: readonly string[]): ReturnType<typeof setpriv.run> =>
        setpriv.run(["--bounding-set", caps, "--inh-caps", caps, "bpftool", "prog", ...args]);
      const theirs = asked("-syslog", "dump", "xlated", ...pinned).stdout.toString();
      expect(callsIn(theirs)[0]).toBe("pc+5#0x0");
      expect(ours("--kptr-restrict")).toEqual(callsIn(theirs));
    });

    it.runIf(setpriv.available)("and everything else, to a user without CAP_BPF, are not shown", () => {
      const pinned = ["pinned", join(pins.folder, "programs", "calls")];
      const caps = "-syslog,-sys_admin,-bpf";
      const asked = (...args: readonly string[]): ReturnType<typeof setpriv.run> =>
        setpriv.run(["--bounding-set", caps, "--inh-caps", caps, "bpftool", "prog", ...args]);
      const theirs = asked("dump", "xlated", ...pinned);
      const filter = ["-", "--unprivileged"];
      const mine = farcall(["prog", "dump", "xlated", ...filter], "r0 = 0\n exit");
      expect(theirs.status).not.toBe(0);
      expect(mine.status).toBe(1);
      const message = "error retrieving insn dump: kernel.kptr_restrict set?";
      expect(theirs.stderr).toContain(message);
      expect(mine.stderr).toContain(message);
      const shown = asked("show", ...pinned).stdout.toString();
      const sizes = /xlated 0B {2}not jited {2}memlock/;
      expect(shown).toMatch(sizes);
      expect(farcall(["prog", "show", ...filter], "r0 = 0\n exit").stdout).toMatch(sizes);
    });
  });
});
