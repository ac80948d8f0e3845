// BPF programs that call functions of a kernel module and of the kernel: every ABI, module build and way of calling gives what the same C
// gives in user mode under QEMU; wrong uses are refused in one line.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BpfObject, Kernel, type KernelOptions } from "../index.ts";
import { callSequences } from "../jit/call/sequences.ts";
import { helperSequences } from "../jit/call/helper-sequences.ts";
import type { BpfLoadOptions } from "../kernel/bpf.ts";
import type { Module } from "../kernel/module/module.ts";
import { examplePath, kfuncExamples } from "../scripts/examples.ts";
import {
  groupsOf,
  moduleBuilds,
  moduleCompiler,
  modulePath,
  type ModuleBuild,
} from "../scripts/module-examples.ts";
import { clang, compile } from "./clang.ts";
import { describeWithOracle, oracle } from "./oracles.ts";

/** Lengths of packets, and what the program returns for them one after the other: QEMU's word, see below. */
const LENGTHS = [14, 14, 60, 1500];
const RETURNED = [444235194, 1212338754, 3453211063, 1394254869];
const RADIX = "radix64k-6.12";
const RAM = 128 * 2 ** 20;

const [example = { name: "", program: "", module: "" }] = kfuncExamples;

const builds = moduleBuilds.filter((build) => groupsOf(build).flat().includes(example.module));

function boot({ endian, abi, cpu }: Pick<ModuleBuild, "endian" | "abi" | "cpu">, layout: string): Kernel {
  // POWER8 has no radix.
  const model: KernelOptions["cpu"] = cpu === "power8" ? "power9" : cpu;
  return new Kernel({ layout, endian, abi, cpu: model, ramBytes: RAM });
}

function ledger(kernel: Kernel, suffix: string): Module {
  const module = kernel.modules.load(readFileSync(modulePath(`${example.module}${suffix}.o`)), {
    name: example.module,
  });
  expect(module.init()).toMatchObject({ kind: "return" });
  return module;
}

const object = (endian: "le" | "be"): BpfObject =>
  BpfObject.parse(readFileSync(examplePath(`${example.name}.e${endian === "le" ? "l" : "b"}.o`)));

/** What the program returns for every length, or why it does not load: an errno. */
function run(kernel: Kernel, options: BpfLoadOptions = {}): readonly number[] | string {
  try {
    const program = kernel.bpf.load(object(kernel.endian), options).program(example.program);
    const runs = LENGTHS.map((length) => program.testRun({ dataIn: new Uint8Array(length) }));
    program.free();
    return runs.map((end) => (end.kind === "done" ? end.retval : -1));
  } catch (error) {
    const { name, errno } = error as { readonly name: string; readonly errno: string };
    if (name !== "JitError") throw error;
    return errno;
  }
}

/** A module's functions have a TOC of their own unless they count from the program counter: what cannot call them, and why. */
function expectedOf(build: ModuleBuild, helper: string): readonly number[] | string {
  if (helper === "pcrel") return build.cpu === "power10" ? RETURNED : "ENOTSUPP";
  if (helper !== "near") return RETURNED;
  // Images lie right behind modules, and far from the kernel.
  return "ERANGE|ENOTSUPP";
}

describe.each(builds)("a module built as $suffix", (build) => {
  const layouts =
    build.suffix === ".le" || build.suffix === ".be"
      ? [RADIX, "hash64k-6.12", "hash4k-6.12", "radix4k-6.12"]
      : [RADIX];
  it.each(layouts)("on %s: every sequence that can call returns what QEMU does", (layout) => {
    const kernel = boot(build, layout);
    const helpers = helperSequences.map(({ name }) => ({ helperSequence: name }));
    const calls = callSequences.map(({ name }) => ({ callSequence: name }));
    const ways: readonly Pick<BpfLoadOptions, "callSequence" | "helperSequence">[] =
      process.env["FARCALL_NIGHTLY"] === "1"
        ? helpers.flatMap((helper) => calls.map((call) => ({ ...helper, ...call })))
        : [...helpers, ...calls];
    for (const way of ways) {
      const module = ledger(kernel, build.suffix);
      const result = run(kernel, way);
      const { callSequence: call = "auto-shrink", helperSequence: helper = "toc-relative" } = way;
      const expected = expectedOf(build, helper);
      if (call === "pcrel" && kernel.cpu.state.model !== "power10")
        expect([way, result]).toEqual([way, "ENOTSUPP"]);
      else if (typeof expected === "string")
        expect(expected.split("|"), JSON.stringify(way)).toContain(result);
      else expect([way, result]).toEqual([way, expected]);
      expect(module.unload()).toMatchObject({ kind: "return" });
    }
  });
});

describe("wrong uses", () => {
  const [le = builds[0]] = builds.filter(({ suffix }) => suffix === ".le");
  if (le === undefined) throw new Error("no build");

  it("a kernel before 6.10 says since when", () => {
    const kernel = boot(le, "radix64k-4.15");
    ledger(kernel, ".le");
    expect(() => kernel.bpf.load(object("le")).program()).toThrow(
      "call of kernel function ledger_post: powerpc has such calls since Linux 6.10, this kernel is as 4.15",
    );
  });

  it("without the module, with one whose init has not run, and again when it is gone", () => {
    const kernel = boot(le, RADIX);
    const missing = "extern (func ksym) 'ledger_post': not found in kernel or module BTFs";
    expect(() => kernel.bpf.load(object("le")).program()).toThrow(missing);
    const coming = kernel.modules.load(readFileSync(modulePath("ledger.le.o")));
    expect(() => kernel.bpf.load(object("le")).program()).toThrow(missing);
    coming.init();
    kernel.bpf.load(object("le")).program().free();
    coming.unload();
    expect(() => kernel.bpf.load(object("le")).program()).toThrow(missing);
  });

  it("the interpreter has no such calls", () => {
    const kernel = boot(le, RADIX);
    ledger(kernel, ".le");
    expect(() => kernel.bpf.load(object("le"), { jit: false }).program()).toThrow(
      expect.objectContaining({ errno: "ENOTSUPP", message: "JIT is required for calling kernel function" }),
    );
  });

  it("a module in use by a program stays until the program is gone", () => {
    const kernel = boot(le, RADIX);
    const module = ledger(kernel, ".le");
    const before = kernel.imageAlloc.usage;
    const program = kernel.bpf.load(object("le")).program();
    expect(() => module.unload()).toThrow(
      expect.objectContaining({ errno: "EWOULDBLOCK", message: "Module ledger is in use by BPF programs" }),
    );
    program.free();
    program.free();
    expect(kernel.imageAlloc.usage).toEqual(before);
    expect(module.unload()).toMatchObject({ kind: "return" });
  });

  it("a program that is refused holds nothing", () => {
    const kernel = boot(le, RADIX);
    const module = ledger(kernel, ".le");
    expect(run(kernel, { helperSequence: "near" })).toBeTypeOf("string");
    expect(module.unload()).toMatchObject({ kind: "return" });
  });

  it("the set is for tc and XDP: a socket filter may not call it", () => {
    const kernel = boot(le, RADIX);
    ledger(kernel, ".le");
    const linked = { ...object("le").link("kfunc"), type: "socket_filter" } as const;
    expect(() => kernel.bpf.loadProgram(linked)).toThrow(
      expect.objectContaining({
        errno: "EACCES",
        message: "calling kernel function ledger_post is not allowed",
      }),
    );
  });
});

describeWithOracle("programs compiled for the purpose", [clang], () => {
  const KSYM = `__attribute__((section(".ksyms")))`;
  const load = (kernel: Kernel, declarations: string, body: string, options: BpfLoadOptions = {}): number => {
    const source = `${declarations.replaceAll("__ksym", KSYM)}
      struct __sk_buff { u32 len; };
      SEC("tc") int p(struct __sk_buff *skb) { ${body} } char l[] SEC("license") = "GPL";`;
    const { bytes, dispose } = compile(source, kernel.endian);
    dispose();
    const end = kernel.bpf
      .load(bytes, options)
      .program("p")
      .testRun({ dataIn: new Uint8Array(60) });
    return end.kind === "done" ? end.retval : -1;
  };
  const build = builds.find(({ suffix }) => suffix === ".le") ?? builds[0];
  if (build === undefined) throw new Error("no build");

  it("functions that are in no set, or the kernel's own, may not be called", () => {
    const kernel = boot(build, RADIX);
    ledger(kernel, ".le");
    for (const name of ["ledger_secret", "init_module", "kfree", "strlen"])
      expect(() => load(kernel, `extern u64 ${name}(void) __ksym;`, `return ${name}();`)).toThrow(
        name === "kfree" || name === "strlen"
          ? `calling kernel function ${name} is not allowed`
          : /calling kernel function|func_proto incompatible/,
      );
  });

  it("a declaration must have the module's arguments", () => {
    const kernel = boot(build, RADIX);
    ledger(kernel, ".le");
    const wrong = (declaration: string, call: string): void => {
      load(kernel, `extern ${declaration} __ksym;`, `return ${call};`);
    };
    const message = "extern (func ksym) 'ledger_post': func_proto incompatible with ledger";
    expect(() => {
      wrong("u64 ledger_post(u32, int, short)", "ledger_post(1, 2, 3)");
    }).toThrow(message);
    expect(() => {
      wrong("u64 ledger_post(u32, int, short, u64 *)", "ledger_post(1, 2, 3, (u64 *)0)");
    }).toThrow(message);
  });

  it("the module's types say how wide arguments are, whatever the declaration says", () => {
    // 1000 + 3 * -2 - -1 + 4 * 16 + 0: the upper parts of the registers are the caller's dirt
    const kernel = boot(build, RADIX);
    ledger(kernel, ".le");
    const declaration = "extern u64 ledger_post(u64, u64, u64, u64) __ksym;";
    const dirt = "0x123456789ULL << 36";
    const body = `return ledger_post(4 | ${dirt}, 0xfffffffeULL | ${dirt}, 0xffffULL | ${dirt}, ${dirt} | 0xab00);`;
    expect(load(kernel, declaration, body)).toBe(1000 - 6 + 1 + 64);
  });

  it("the name of a parameter makes a length of it", () => {
    const kernel = boot(build, RADIX);
    ledger(kernel, ".le");
    const declaration = "extern u64 ledger_digest(const void *, u32) __ksym;";
    // 0 posts; 1 * 3, then 2 * -5, modulo 2^32
    expect(load(kernel, declaration, "unsigned char b[2] = {1, 2}; return ledger_digest(b, 2);")).toBe(
      3 * 31 - 10,
    );
    expect(() =>
      load(kernel, declaration, "unsigned char b[2] = {1, 2}; return ledger_digest(b, 16);"),
    ).toThrow("invalid indirect access to stack R1 off=-2 size=16");
  });

  it("a weak declaration: its address tells whether it is there, and only then it may be called", () => {
    const post = "extern u64 ledger_post(u32, int, short, unsigned char) __attribute__((weak)) __ksym;";
    const careful = "if ((long)ledger_post) return ledger_post(4, 0, 0, 0); return skb->len;";
    const without = boot(build, RADIX);
    expect(load(without, post, careful)).toBe(60);
    expect(() => load(without, post, "return ledger_post(4, 0, 0, 0);")).toThrow(
      expect.objectContaining({
        errno: "EINVAL",
        message: "kfunc 'ledger_post' is referenced but wasn't resolved",
      }),
    );
    const kernel = boot(build, RADIX);
    ledger(kernel, ".le");
    expect(load(kernel, post, careful)).toBe(1000 + 64);
  });

  it("near: a module's function that counts from the program counter, and none that has a TOC", () => {
    const declaration = "extern u64 ledger_digest(const void *, u32) __ksym;";
    const body = "unsigned char b[2] = {1, 2}; return ledger_digest(b, 2);";
    const near = { helperSequence: "near" } as const;
    for (const { suffix, ...machine } of builds.filter(({ endian }) => endian === "le")) {
      const kernel = boot({ ...machine }, RADIX);
      ledger(kernel, suffix);
      if (suffix === "-pcrel.le") expect(load(kernel, declaration, body, near)).toBe(3 * 31 - 10);
      else
        expect(() => load(kernel, declaration, body, near)).toThrow(
          expect.objectContaining({
            errno: "ENOTSUPP",
            message: expect.stringMatching(
              /bl at 0x\w{16} cannot call ledger_digest at 0x\w{16}: it has a TOC of its own/,
            ) as string,
          }),
        );
    }
  });

  it("a module without sets offers what it exports, by the program's declaration", () => {
    const kernel = boot(build, RADIX);
    const module = kernel.modules.load(readFileSync(modulePath("provider.le.o")));
    module.init();
    // 1000 and 5 of its init; the observer that there is not would add more
    const add = "extern long provided_add(long, const char *) __ksym;";
    expect(load(kernel, add, `char why = 0; return provided_add(skb->len, &why);`)).toBe(1005 + 60);
    expect(() =>
      load(kernel, "extern int provider_secret(void) __ksym;", "return provider_secret();"),
    ).toThrow("calling kernel function provider_secret is not allowed");
  });
});

const toolchains = (["le", "be"] as const).flatMap((endian) => [
  oracle(moduleCompiler(endian), moduleCompiler(endian).replace(/^(.*)-gcc$/, "gcc-$1")),
  oracle(endian === "le" ? "qemu-ppc64le" : "qemu-ppc64", "qemu-user"),
]);

describeWithOracle("the same C under qemu-user", toolchains, () => {
  it.each(["le", "be"] as const)("%s: what RETURNED has", (endian) => {
    const directory = mkdtempSync(join(tmpdir(), "farcall-kfunc-"));
    try {
      const gcc = (...args: readonly string[]): void => {
        execFileSync(moduleCompiler(endian), ["-O2", "-mcpu=power8", ...args], {
          cwd: examplePath("."),
          stdio: "inherit",
        });
      };
      const [program, module, both] = ["program.o", "module.o", "both"].map((name) =>
        join(directory, name),
      ) as [string, string, string];
      gcc("-Wno-unused-variable", "-c", "kfunc.c", "-o", program);
      gcc(
        "-ffreestanding",
        "-Dinit_module=ledger_init",
        "-Dcleanup_module=ledger_exit",
        "-c",
        "modules/ledger.c",
        "-o",
        module,
      );
      gcc("-static", new URL("modules/kfunc-user.c", import.meta.url).pathname, program, module, "-o", both);
      const emulator = endian === "le" ? "qemu-ppc64le" : "qemu-ppc64";
      const printed = execFileSync(emulator, [both, ...LENGTHS.map(String)], { encoding: "utf8" });
      expect(printed.trim().split("\n").map(Number)).toEqual(RETURNED);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
