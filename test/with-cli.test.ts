// `--with MODULE`: programs of the command line that call a module's functions, and what is wrong with modules.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { farcall } from "./farcall.ts";

const ON_612 = ["--layout", "radix64k-6.12"];
const LE = ["examples/kfunc.el.o", ...ON_612, "--with", "examples/modules/ledger.le.o"];

describe("--with", () => {
  const folder = mkdtempSync(join(tmpdir(), "farcall-with-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ["le", "el", "le", []],
    ["be, ELFv1", "eb", "be", []],
    ["be, the ABI is the module's", "eb", "elfv2.be", []],
    ["pc-relative", "el", "pcrel.le", ["--cpu", "power10", "--helper-sequence", "pcrel"]],
  ])("%s: the program's result, and the modules", (_, program, module, options) => {
    const name = module.length === 2 ? "ledger" : `ledger_${module.slice(0, -3)}`;
    const file = `examples/modules/ledger${module.length === 2 ? "." : "-"}${module}.o`;
    const { status, stdout } = farcall([
      "run",
      `examples/kfunc.${program}.o`,
      ...ON_612,
      "--with",
      file,
      ...options,
      "--json",
    ]);
    expect(status).toBe(0);
    // of a packet of 14 bytes: test/kfunc.test.ts
    expect(JSON.parse(stdout)).toMatchObject({ retval: 444235194, modules: [name] });
  });

  it("several, in their order", () => {
    const others = ["--with", "examples/modules/provider.le.o", "--with", "examples/modules/user.le.o"];
    const { stdout } = farcall(["run", ...LE, ...others, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ retval: 444235194, modules: ["ledger", "provider", "user"] });
  });

  it("dumps name the functions", () => {
    const xlated = farcall(["prog", "dump", "xlated", ...LE]).stdout;
    expect(xlated).toMatch(/\(85\) call 0x[0-9a-f]{16}#\d+ ; ledger_post\n/);
    const jited = farcall(["prog", "dump", "jited", ...LE]).stdout;
    expect(jited).toMatch(/mtctr {3}r12 <ledger_post>\n.*bctrl\n.*ld {6}r2,16\(r13\)\n/);
    const json = JSON.parse(farcall(["prog", "dump", "xlated", ...LE, "--json"]).stdout) as readonly {
      readonly kfunc?: string;
    }[];
    expect(json.flatMap(({ kfunc = [] }) => kfunc)).toEqual([
      "bpf_rcu_read_lock",
      "ledger_read",
      "bpf_rcu_read_unlock",
      "ledger_digest",
      "ledger_post",
    ]);
    expect(farcall(["prog", "show", ...LE]).status).toBe(0);
  });

  it("--cycles names the module's functions and its stubs", () => {
    const { stdout } = farcall(["run", ...LE, "--cycles"]);
    for (const name of ["ledger_post [ledger]", "stub of snprintf [ledger]", "stub of memcpy [ledger]"])
      expect(stdout).toContain(`\n${name} `);
    expect(stdout).not.toMatch(/^0x/m);
  });

  const noise = join(folder, "noise.o");
  writeFileSync(noise, "no object at all");
  it.each([
    ["no module", LE.slice(0, 3), "extern (func ksym) 'ledger_post': not found in kernel or module BTFs"],
    [
      "an old kernel",
      ["examples/kfunc.el.o", ...LE.slice(3)],
      "powerpc has such calls since Linux 6.10, this kernel is as 4.15",
    ],
    ["the interpreter", [...LE, "--no-jit"], "JIT is required for calling kernel function"],
    ["a user without CAP_BPF", [...LE, "--unprivileged"], "a program of type sched_cls needs CAP_BPF"],
    [
      "a sequence that cannot be",
      [...LE, "--helper-sequence", "pcrel"],
      "power9 has no prefixed instructions",
    ],
    [
      "the other byte order",
      [...LE, "--with", "examples/modules/hello.be.o"],
      "hello.be.o: Invalid architecture in ELF header: byte order be, the kernel's is le",
    ],
    [
      "an init that fails",
      [...LE, "--with", "examples/modules/failing.le.o"],
      "failing: init_module returned",
    ],
    ["what is no module", [...LE, "--with", noise], "noise.o: "],
  ])("%s: exit 1 and one line", (_, args, message) => {
    const { status, stdout, stderr } = farcall(["run", ...args, "--json"]);
    expect(status).toBe(1);
    const { error } = JSON.parse(stdout) as { readonly error: { readonly message: string } };
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("\n");
    expect(stderr).not.toContain("    at ");
  });

  it("verbs without modules say what is missing", () => {
    for (const args of [
      ["ranges", "examples/kfunc.el.o", ...ON_612],
      ["layouts", "radix64k-6.12", "--with", "examples/kfunc.el.o"],
    ])
      expect(farcall(args)).toMatchObject({
        status: 1,
        stderr: "farcall: extern (func ksym) 'ledger_post': not found in kernel or module BTFs\n",
      });
  });

  it("a file that is not there, and standard input twice: exit 2", () => {
    expect(farcall(["run", ...LE, "--with", "nowhere.o"])).toMatchObject({ status: 2 });
    expect(farcall(["run", "-", "--with", "-"])).toMatchObject({ status: 2 });
  });
});
