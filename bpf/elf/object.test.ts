import { afterAll, describe, expect, it } from "vitest";
import { clang, compile } from "../../test/clang.ts";
import { describeWithKernel, Pins } from "../../test/kernel-bpf.ts";
import { describeWithOracle } from "../../test/oracles.ts";
import { BpfLoadError } from "../load-error.ts";
import { dumpXlated, plainDump } from "../print/dump.ts";
import { BpfObject, type LinkedProgram } from "./object.ts";
import { progTypeOfSection } from "./sections.ts";

const SOURCE = `
struct val { u64 a; u32 b[3]; };
struct { __uint(type, 1); __type(key, u32); __type(value, struct val); __uint(max_entries, 100); __uint(map_flags, 1); } counts SEC(".maps");
struct { __uint(type, 2); __uint(key_size, 4); __uint(value_size, 16); __uint(max_entries, 7); } second SEC(".maps");
int other(struct xdp_md *ctx);
struct { __uint(type, 3); __uint(key_size, 4); __uint(max_entries, 3); __array(values, int (void *)); } jumps SEC(".maps") = { .values = { [1] = (void *)&other } };
u64 counter = 5; u32 zeros[4]; const volatile u32 config = 77; static volatile u32 hidden = 9;
NOINLINE static int leaf(u64 x) { return x * 3 + hidden; }
NOINLINE int global_fn(u64 x) { return leaf(x) + leaf(x + 1); }
union un; enum en { A }; typedef int (*fp)(const char *, union un *);
static long cb(void *map, u32 *key, struct val *v, void *ctx) { return 0; }
SEC("xdp") int main_prog(struct xdp_md *ctx) {
  u32 k = ctx->ingress_ifindex; struct val *v = bpf_map_lookup_elem(&counts, &k);
  if (v) v->a += global_fn(k) + config;
  v = bpf_map_lookup_elem(&second, &k); if (v) v->b[0]++;
  counter++; zeros[2] += 1; bpf_for_each_map_elem(&counts, cb, 0, 0);
  bpf_tail_call(ctx, &jumps, 1);
  return leaf(k);
}
SEC("xdp") int other(struct xdp_md *ctx) { return 2; }
SEC("tc") int cls(void *ctx) { return global_fn(3); }
char _license[] SEC("license") = "GPL";
`;

describe("program types", () => {
  for (const [section, type] of [
    ["socket", "socket_filter"],
    ["socket1", "socket_filter"],
    ["xdp", "xdp"],
    ["xdp.frags/devmap", "xdp"],
    ["?xdp", "xdp"],
    ["tc", "sched_cls"],
    ["classifier/ingress", "sched_cls"],
    ["action", "sched_act"],
    ["raw_tracepoint/x", "raw_tracepoint"],
    ["raw_tp.w/x", "raw_tracepoint_writable"],
    ["cgroup_skb/egress", "cgroup_skb"],
    ["cgroup/sock_create", "cgroup_sock"],
    ["sk_skb/stream_verdict", "sk_skb"],
    [".text", "unspec"],
    ["foo", "unspec"],
  ] as const)
    it(`section ${section} is ${type}`, () => {
      expect(progTypeOfSection(section)).toBe(type);
    });
});

describeWithOracle("objects of clang", [clang], () => {
  const little = compile(SOURCE);
  const big = compile(SOURCE, "be");
  afterAll(() => {
    little.dispose();
    big.dispose();
  });

  it("programs, license and maps are what the source says", () => {
    const object = BpfObject.parse(little.bytes);
    expect(object.license).toBe("GPL");
    expect(object.programs).toEqual([
      { name: "other", section: "xdp", type: "xdp" },
      { name: "main_prog", section: "xdp", type: "xdp" },
      { name: "cls", section: "tc", type: "sched_cls" },
    ]);
    const plain = { keySize: 4, flags: 0 };
    expect(object.maps).toEqual([
      {
        ...plain,
        name: "jumps",
        type: "prog_array",
        typeNumber: 3,
        valueSize: 4,
        maxEntries: 3,
        programs: [{ index: 1, name: "other" }],
      },
      { ...plain, name: "counts", type: "hash", typeNumber: 1, valueSize: 24, maxEntries: 100, flags: 1 },
      { ...plain, name: "second", type: "array", typeNumber: 2, valueSize: 16, maxEntries: 7 },
      {
        ...plain,
        name: ".data",
        type: "array",
        typeNumber: 2,
        valueSize: 12,
        maxEntries: 1,
        readonly: false,
        initial: new Uint8Array([5, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0]),
      },
      {
        ...plain,
        name: ".rodata",
        type: "array",
        typeNumber: 2,
        valueSize: 4,
        maxEntries: 1,
        flags: 0x80,
        readonly: true,
        initial: new Uint8Array([77, 0, 0, 0]),
      },
      { ...plain, name: ".bss", type: "array", typeNumber: 2, valueSize: 16, maxEntries: 1, readonly: false },
    ]);
  });

  it("a big-endian object links to the same program with its data in its byte order", () => {
    const [l, b] = [BpfObject.parse(little.bytes), BpfObject.parse(big.bytes)];
    expect([l.endian, b.endian]).toEqual(["le", "be"]);
    for (const { name } of l.programs) {
      expect(b.link(name).insns).toEqual(l.link(name).insns);
      expect(b.link(name).functions).toEqual(l.link(name).functions);
    }
    expect(b.maps.find((m) => m.name === ".data")?.initial).toEqual(
      new Uint8Array([0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 9]),
    );
  });

  it("functions follow in the order in which they are met, calls and addresses lead to them", () => {
    const program = BpfObject.parse(little.bytes).link("main_prog");
    expect(program.functions.map((f) => f.name)).toEqual(["main_prog", "global_fn", "leaf", "cb"]);
    const starts = new Map(program.functions.map((f) => [f.start, f.name]));
    const called = program.insns.flatMap((i, slot) =>
      (i.code === 0x85 && i.src === 1) || (i.code === 0x18 && i.src === 4)
        ? [starts.get(slot + 1 + i.imm)]
        : [],
    );
    expect(called).toEqual(["global_fn", "cb", "leaf", "leaf", "leaf"]);
    expect(
      BpfObject.parse(little.bytes)
        .link("cls")
        .functions.map((f) => f.name),
    ).toEqual(["cls", "global_fn", "leaf"]);
  });

  it("legacy maps and programs in .text can be had", () => {
    const { bytes, dispose } = compile(
      `struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };
       struct bpf_map_def a SEC("maps") = { 1, 4, 8, 16, 0 }; struct bpf_map_def b SEC("maps") = { 2, 4, 24, 5, 0 };
       int main(void *ctx) { u32 k = 0; return bpf_map_lookup_elem(&b, &k) != 0; }`,
      "be",
      ["-ffreestanding"],
    );
    dispose();
    const object = BpfObject.parse(bytes);
    expect(object.maps.map((m) => [m.name, m.type, m.keySize, m.valueSize, m.maxEntries])).toEqual([
      ["a", "hash", 4, 8, 16],
      ["b", "array", 4, 24, 5],
    ]);
    expect(object.programs).toEqual([{ name: "main", section: ".text", type: "unspec" }]);
    expect(() => object.link("main")).toThrow(
      "program main: the name of section .text means no program type",
    );
    // The linked program has the one map that it names, and no other.
    const { insns, maps } = object.link("main", "socket_filter");
    const wide = insns.find((i) => i.code === 0x18);
    expect([wide?.src, wide?.imm, maps.map((m) => m.name)]).toEqual([1, 0, ["b"]]);
  });

  for (const [what, source, name, errno, message] of [
    [
      "an extern",
      `extern int CONFIG_HZ __attribute__((weak, section(".kconfig"))); SEC("xdp") int p(void *c) { return CONFIG_HZ; }`,
      "p",
      "EOPNOTSUPP",
      "function p in section xdp, instruction 0: extern CONFIG_HZ (kconfig or ksym) is not supported",
    ],
    [
      "an undefined function that is not meant to be the kernel's",
      `extern int bpf_do(void); SEC("xdp") int p(void *c) { return bpf_do(); }`,
      "p",
      "ENOENT",
      "function p in section xdp, instruction 0: call of bpf_do, which is not defined: no declaration of it in section .ksyms",
    ],
    [
      "an unknown section",
      `SEC("what") int p(void *c) { return 1; }`,
      "p",
      "EINVAL",
      "program p: the name of section what means no program type",
    ],
    [
      "a missing program",
      `SEC("xdp") int p(void *c) { return 1; } SEC("xdp") int q(void *c) { return 1; }`,
      "r",
      "ENOENT",
      "no program r; the object has p, q",
    ],
    [
      "addresses in data",
      `int a; int *volatile pa = &a; SEC("xdp") int p(void *c) { return *pa; }`,
      "p",
      "EOPNOTSUPP",
      "function p in section xdp, instruction 0: pa: section .data holds addresses, which are not known before loading",
    ],
  ] as const)
    it(`${what} is refused in one line`, () => {
      const { bytes, dispose } = compile(source);
      dispose();
      expect(() => BpfObject.parse(bytes).link(name)).toThrow(new BpfLoadError(message, errno));
    });

  it("functions of the kernel: each once, with its types, qualifiers and typedefs looked through", () => {
    const source = `
      enum kind { A }; struct pair { u32 a; struct { short b[3]; } c; }; typedef const volatile struct pair pair_t;
      #define __ksym __attribute__((section(".ksyms")))
      extern u64 first(u32, char, const volatile u64 *, enum kind, pair_t *) __ksym;
      extern void second(void *, _Bool) __ksym;
      NOINLINE static u64 f(u64 x) { second((void *)0, x); return x + 1; }
      SEC("xdp") int p(struct xdp_md *c) { return first(1, 2, 0, A, 0) + f(c->data) + first(3, 4, 0, A, 0); }`;
    for (const endian of ["le", "be"] as const) {
      const { bytes, dispose } = compile(source, endian);
      dispose();
      const { insns, kfuncs } = BpfObject.parse(bytes).link("p");
      const scalar = (bytes: number, isSigned: boolean): unknown => ({ kind: "scalar", bytes, isSigned });
      const pointer = (to: object): unknown => ({ kind: "pointer", to });
      expect(kfuncs).toEqual([
        {
          name: "first",
          parameters: [
            scalar(4, false),
            scalar(1, true),
            pointer({ kind: "scalar", spelling: "INT", name: "unsigned long long", bytes: 8, isPlain: true }),
            scalar(4, false),
            // u32, and 3 shorts: 4 + 6, rounded up to 4
            pointer({ kind: "struct", spelling: "STRUCT", name: "pair", bytes: 12, isPlain: true }),
          ].map((type) => ({ name: "", type })),
          result: scalar(8, false),
        },
        {
          name: "second",
          parameters: [
            pointer({ kind: "void", spelling: "UNKNOWN", name: "", bytes: undefined, isPlain: false }),
            scalar(1, false),
          ].map((type) => ({ name: "", type })),
          result: { kind: "void" },
        },
      ]);
      const calls = insns.filter(({ code, src }) => code === 0x85 && src === 2);
      expect(calls.map(({ imm, off }) => [imm, off])).toEqual([
        [0, 0],
        [0, 0],
        [1, 0],
      ]);
    }
  });

  it("a call of the kernel in an object without types is refused", () => {
    const source = `extern int bpf_do(void) __attribute__((section(".ksyms"))); SEC("xdp") int p(void *c) { return bpf_do(); }`;
    const { bytes, dispose } = compile(source, "le", []);
    dispose();
    expect(() => BpfObject.parse(bytes).link("p")).toThrow(
      "function p in section xdp, instruction 0: call of bpf_do, which is not defined: the object has no BTF (clang -g)",
    );
  });

  it("CO-RE relocations of what looks alike everywhere are left alone, others refused", () => {
    const read = (struct: string): LinkedProgram => {
      const { bytes, dispose } = compile(
        `struct ${struct} { int x, y; } __attribute__((preserve_access_index));
         SEC("socket") int p(struct ${struct} *c) { return c->y; }`,
      );
      dispose();
      return BpfObject.parse(bytes).link("p");
    };
    expect(read("__sk_buff").insns[0]?.off).toBe(4);
    expect(() => read("task_struct")).toThrow(
      "function p in section socket, instruction 0: CO-RE relocation (offset) of task_struct needs the kernel's own types, which are not modelled",
    );
  });

  it("an unknown field of a map is refused", () => {
    const { bytes, dispose } = compile(
      `struct { __uint(type, 1); __uint(colour, 3); } m SEC(".maps"); SEC("xdp") int p(void *c) { return 1; }`,
    );
    dispose();
    expect(() => BpfObject.parse(bytes)).toThrow(new BpfLoadError("map m: unknown field colour"));
  });
});

describeWithOracle("objects in a real kernel", [clang], () => {
  describeWithKernel("bpftool", () => {
    const { bytes, path, dispose } = compile(SOURCE);
    const pins = new Pins();
    afterAll(() => {
      pins.close();
      dispose();
    });
    const loaded = pins.loadAll(path);

    it("makes the maps that we read", () => {
      expect(loaded.stderr + String(loaded.status)).toMatch(/0$/);
      for (const map of BpfObject.parse(bytes).maps) {
        const pinned = map.name.startsWith(".") ? `t_${map.name.slice(1)}` : map.name;
        const shown = pins.showMap(pinned);
        expect(shown).toMatchObject({
          type: map.type,
          bytes_key: map.keySize,
          bytes_value: map.valueSize,
          max_entries: map.maxEntries,
        });
        // The kernel's array of data can be mapped (0x400), which libbpf asks for.
        expect((shown as { flags: number }).flags & ~0x400).toBe(map.flags);
      }
    });

    it("runs the functions in the order that we linked", () => {
      const dump = pins.dumpXlated("main_prog");
      const theirs = [...dump.matchAll(/^\w+ (\w+)\(.*\):$/gm)].map((m) => m[1]);
      const linked = BpfObject.parse(bytes).link("main_prog");
      // The kernel's dump names functions by their BTF; static ones stand there too.
      expect(theirs).toEqual(linked.functions.map((f) => f.name));
    });

    it("lists a program with prototypes, source lines and instructions as we do", () => {
      const theirs = pins
        .dumpXlated("cls")
        .trimEnd()
        .replaceAll(/#bpf_prog_\w+/g, "")
        .replaceAll(/map\[id:\d+\]/g, "map[id:0]");
      const { insns, source } = BpfObject.parse(bytes).link("cls");
      expect(plainDump(dumpXlated(insns, source)).join("\n")).toBe(theirs);
      expect(theirs).toContain("int global_fn(u64 x):");
    });

    it("writes prototypes of every type as we do", () => {
      const theirs = [...pins.dumpXlated("main_prog").matchAll(/^(\S.*):$/gm)].map((m) => m[1]);
      const { functions, source } = BpfObject.parse(bytes).link("main_prog");
      expect(theirs).toEqual(functions.map((f) => source?.prototypes.get(f.start)));
    });
  });
});
