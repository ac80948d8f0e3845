import { afterAll, expect, it } from "vitest";
import { clang, compile } from "../../test/clang.ts";
import { describeWithKernel, Pins } from "../../test/kernel-bpf.ts";
import { describeWithOracle } from "../../test/oracles.ts";
import { BpfObject, type LinkedProgram } from "../elf/object.ts";
import { insn } from "../insn.ts";
import { kfuncRefusal, kfuncVerdicts } from "../test/kfunc-verdicts.ts";
import { exit, raw, refusal, zero } from "../test/verdicts.ts";
import { checkUnprivileged } from "./unprivileged.ts";

function linked(source: string): LinkedProgram {
  const { bytes, dispose } = compile(source);
  dispose();
  return BpfObject.parse(bytes).link("p");
}

/** An XDP program that declares `f` and does this. */
const calling = (declaration: string, body: string): LinkedProgram =>
  linked(`struct pair; struct linked; struct unknown;
    extern ${declaration} __attribute__((section(".ksyms")));
    struct pair { u32 a; u64 b[2]; }; struct linked { struct linked *next; };
    SEC("xdp") int p(struct xdp_md *ctx) { ${body} } char l[] SEC("license") = "GPL";`);

/** The same program with other names of the parameters: clang's declarations have none. */
function named(program: LinkedProgram, names: readonly string[]): LinkedProgram {
  const kfuncs = (program.kfuncs ?? []).map((kfunc) => ({
    ...kfunc,
    parameters: kfunc.parameters.map((parameter, i) => ({ ...parameter, name: names[i] ?? "" })),
  }));
  return { ...program, kfuncs };
}

describeWithOracle("calls of the kernel's functions", [clang], () => {
  for (const [name, source, message] of kfuncVerdicts)
    it(`${name}: ${message === "" ? "accepted" : message}`, () => {
      expect(kfuncRefusal(linked(source))?.message ?? "").toBe(message);
    });

  // Words and numbers are those of kernel/bpf/verifier.c, check_kfunc_args and what it calls.
  it.each([
    ["five numbers", "u64 f(u32, char, short, u64, _Bool)", "return f(1, 2, 3, 4, 1);", ""],
    ["a pointer to a number", "int f(u64 *)", "u64 x = 1; return f(&x);", ""],
    ["a pointer to a plain structure", "int f(struct pair *)", "struct pair x = {}; return f(&x);", ""],
    ["NULL", "int f(u64 *)", "return f((void *)0);", ""],
    ["a number for a pointer", "int f(u64 *)", "return f((void *)7);", "R1 type=scalar expected=fp"],
    ["the context for a pointer", "int f(u64 *)", "return f((void *)ctx);", "R1 type=ctx expected=fp"],
    ["its own context", "int f(struct xdp_md *)", "return f(ctx);", ""],
    [
      "too little of the stack",
      "int f(struct pair *)",
      "u32 x = 1; return f((void *)&x);",
      "invalid indirect access to stack R1 off=-4 size=24",
    ],
    [
      "a pointer to void",
      "int f(void *)",
      "u32 x = 1; return f(&x);",
      "arg#0 pointer type UNKNOWN  must point to scalar, or struct with scalar",
    ],
    [
      "a structure with a pointer",
      "int f(struct linked *)",
      "struct linked x = {}; return f(&x);",
      "arg#0 pointer type STRUCT linked must point to scalar, or struct with scalar",
    ],
    [
      "a structure that nobody knows",
      "int f(struct unknown *)",
      "u32 x = 1; return f((void *)&x);",
      "arg#0 pointer type FWD unknown must point to scalar, or struct with scalar",
    ],
    [
      "a function",
      "int f(int (*)(void))",
      "return f((void *)8);",
      "arg#0 : pointers of this kind are not modelled",
    ],
    [
      "any number of arguments",
      "int f(int, ...)",
      "return f(1);",
      "The function f with variable args is unsupported.",
    ],
    [
      "the result of void",
      "void f(void)",
      'f(); register u64 r asm("r0"); asm volatile("" : "=r"(r)); return r;',
      "R0 !read_ok",
    ],
    [
      "memory behind a result that is void *",
      "void *f(void)",
      "return *(u32 *)f();",
      "R0 invalid mem access 'scalar'",
    ],
    ["memory behind a result that has a type", "u32 *f(void)", "return *f();", ""],
    [
      "a structure as result",
      "struct pair *f(void)",
      "return f() != 0;",
      "kernel function f returns a pointer to pair, which is not modelled",
    ],
  ])("%s", (_, declaration, body, message) => {
    const program = calling(declaration, body);
    expect(kfuncRefusal(program)?.message ?? "").toBe(message);
  });

  const SIZED = ["data__opt", "data__sz"];
  it.each([
    ["a constant length", "u32 x = 1; return f(&x, 4);", SIZED, ""],
    [
      "a length that is too large",
      "u32 x = 1; return f(&x, 8);",
      SIZED,
      "invalid indirect access to stack R1 off=-4 size=8",
    ],
    [
      "a negative length",
      "u32 x = 1; return f(&x, -1);",
      SIZED,
      "R2 min value is negative, either use unsigned or 'var &= const'",
    ],
    [
      "an enormous length",
      "u32 x = 1; return f(&x, 1 << 29);",
      SIZED,
      "R2 unbounded memory access, use 'var &= const' or 'if (var < const)'",
    ],
    ["NULL, which may be", "return f((void *)0, 8);", SIZED, ""],
    ["NULL, which may not be", "return f((void *)0, 8);", ["data", "data__sz"], "R1 type=scalar expected=fp"],
    ["a parameter that nobody looks at", "return f(ctx, 8);", ["data__ign", "more"], ""],
    ["a constant", "return f(ctx, 8);", ["data__ign", "type__k"], ""],
    ["no constant", "return f(ctx, ctx->data_end);", ["data__ign", "type__k"], ""],
    [
      "no constant, from a constant",
      "return f(ctx, ctx->data_end > 8 ? 3 : 4);",
      ["data__ign", "type__k"],
      "R2 must be a known constant",
    ],
    [
      "a map",
      "return f(ctx, 1);",
      ["what__map", "more"],
      "arg#0 what__map: pointers of this kind are not modelled",
    ],
  ] as const)("names of parameters: %s", (_, body, names, message) => {
    const program = named(calling("int f(void *, long)", body), names);
    expect(kfuncRefusal(program)?.message ?? "").toBe(message);
  });

  // bpf_loop calls its function any number of times: what one call leaves locked the next one finds so, and the end, too.
  it.each([
    ["leaves preemption off", "bpf_preempt_disable();", "", "1 bpf_preempt_enable is missing"],
    ["locks", "bpf_rcu_read_lock();", "", "nested rcu read lock (kernel function bpf_rcu_read_lock)"],
    [
      "unlocks what the caller locked",
      "bpf_rcu_read_unlock();",
      "bpf_rcu_read_lock();",
      "unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)",
    ],
    ["locks and unlocks", "bpf_rcu_read_lock(); bpf_rcu_read_unlock();", "", ""],
  ])("a function that is called back %s", (_, body, before, message) => {
    const names = ["bpf_rcu_read_lock", "bpf_rcu_read_unlock", "bpf_preempt_disable"];
    const declared = names
      .map((name) => `extern void ${name}(void) __attribute__((section(".ksyms")));`)
      .join("\n");
    const program = linked(`${declared} char l[] SEC("license") = "GPL";
      NOINLINE static int f(u32 i, void *p) { ${body} return 0; }
      SEC("xdp") int p(void *ctx) {
        ${before} ((long (*)(u32, void *, void *, u64))181)(4, f, (void *)0, 0); return 0; }`);
    expect(kfuncRefusal(program)?.message ?? "").toBe(message);
  });

  it("more arguments than registers", () => {
    const program = calling("int f(int)", "return f(1);");
    const of = (count: number): LinkedProgram => ({
      ...program,
      kfuncs: (program.kfuncs ?? []).map((kfunc) => ({
        ...kfunc,
        parameters: Array.from({ length: count }, () => ({
          name: "",
          type: { kind: "scalar", bytes: 4, isSigned: true },
        })),
      })),
    });
    expect(kfuncRefusal(of(6))?.message).toBe("Function f has 6 > 5 args");
    expect(kfuncRefusal(of(13))?.message).toBe("The function f has 13 arguments. Too many.");
  });

  it("without a JIT there are none; without permission neither", () => {
    const program = calling("int f(int)", "return f(1);");
    expect(kfuncRefusal(program, { isJitRequested: false })).toMatchObject({
      errno: "ENOTSUPP",
      message: "JIT is required for calling kernel function",
    });
    const { prototype } = { prototype: program.kfuncs?.[0] };
    if (prototype === undefined) throw new Error("nothing is called");
    const options = { kernelFunction: () => ({ prototype, flags: undefined }) };
    expect(kfuncRefusal(program, options)).toMatchObject({
      errno: "EACCES",
      message: "calling kernel function f is not allowed",
    });
    expect(kfuncRefusal(program, options)?.log).toContain("1: (85) call f#1\n");
    expect(() => {
      checkUnprivileged(program);
    }).toThrow("loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN");
  });

  describeWithKernel(
    "bpf(2) and the kernel's functions",
    () => {
      const pins = new Pins();
      afterAll(() => {
        pins.close();
      });
      for (const [name, source, message, later] of kfuncVerdicts)
        it(`${name}: the same verdict in the same words`, () => {
          const { path, dispose } = compile(source);
          const { status, stderr } = pins.load(path);
          dispose();
          if (message === "") expect({ status, stderr }).toMatchObject({ status: 0 });
          else
            expect(stderr.split("\n").filter((line) => line === message || line === later)).toHaveLength(1);
        });
    },
    { from: [6, 12], to: [6, 18] },
  );
});

it("256 functions and no more", () => {
  const prototype = {
    name: "f",
    parameters: [],
    result: { kind: "scalar", bytes: 4, isSigned: false },
  } as const;
  const options = { kernelFunction: () => ({ prototype, flags: 0 }) };
  const calls = (count: number): LinkedProgram => ({
    ...raw([...Array.from({ length: count }, (_, i) => insn(0x85, { src: 2, imm: i + 1 })), exit]),
    license: "GPL",
  });
  expect(refusal(calls(256), options)).toBeUndefined();
  expect(refusal(calls(257), options)).toMatchObject({
    errno: "E2BIG",
    message: "too many different kernel function calls",
  });
});

it("a number that no function has, and 0 where it is reached", () => {
  const call = (imm: number): LinkedProgram => ({
    ...raw([insn(0x85, { src: 2, imm }), zero, exit]),
    license: "GPL",
  });
  expect(refusal(call(77))?.message).toBe("kernel btf_id 77 is not a function");
  expect(refusal(call(0))?.message).toBe("invalid kernel function call not eliminated in verifier pass");
});
