// The life of modules: names, symbols between them, refusals that leave nothing, protection, unloading.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { helpers } from "../../bpf/helpers/table.ts";
import { encode } from "../../cpu/isa/encode.ts";
import { modulePath } from "../../scripts/module-examples.ts";
import { fromHalves, u64 } from "../../word/long.ts";
import { Kernel } from "../kernel.ts";
import { holdings } from "./test/holdings.ts";
import { ALLOC, buildObject, DATA, TEXT, words, type ObjectParts } from "./test/object.ts";

const example = (name: string): Uint8Array => readFileSync(modulePath(`${name}.le.o`));
const boot = (layout = "hash64k-4.15"): Kernel => new Kernel({ layout, ramBytes: 64 * 1024 ** 2 });
const refusal = (errno: string, message: RegExp): unknown =>
  expect.objectContaining({ name: "ModuleError", errno, message: expect.stringMatching(message) as string });

const BLR = encode("bclr", { BO: 20 });
const li = (n: number): number => encode("addi", { RT: 3, RA0: 0, SI: n });

/** A little-endian ELFv2 object with an init of these words. */
function object(init: readonly number[], more: Partial<ObjectParts> = {}): Uint8Array {
  return buildObject({
    endian: "le",
    sections: [{ name: ".text", flags: TEXT, data: words("le", ...init) }, ...(more.sections ?? [])],
    symbols: [{ name: "init_module", section: ".text" }, ...(more.symbols ?? [])],
  });
}

/** Refused with this, and nothing is held that was not before. */
function expectRefused(file: Uint8Array, errno: string, message: RegExp, kernel = boot()): void {
  const before = holdings(kernel);
  expect(() => kernel.modules.load(file, { name: "bad" })).toThrow(refusal(errno, message));
  expect(holdings(kernel)).toEqual(before);
}

describe("modules", () => {
  it("lie in 0xd on 4.15's hash layout and call the kernel in 0xc and come back", () => {
    const kernel = boot();
    const module = kernel.modules.load(example("hello"), { name: "hello" });
    expect(module.sections.every(({ address }) => address.high >>> 28 === 0xd)).toBe(true);
    expect(module.stubs.map(({ target }) => target.code.high >>> 28)).toEqual([0xc]);
    expect(module.init()).toMatchObject({ kind: "return", value: u64(4) });
    expect(module.state).toBe("live");
    expect(module.unload()).toMatchObject({ kind: "return" });
    expect(module.state).toBe("gone");
  });

  it("a name is there once: EEXIST, and EBUSY while init has not returned", () => {
    const kernel = boot();
    const module = kernel.modules.load(example("hello"), { name: "hello" });
    expect(() => kernel.modules.load(example("hello"), { name: "hello" })).toThrow(refusal("EBUSY", /hello/));
    module.init();
    expect(() => kernel.modules.load(example("hello"), { name: "hello" })).toThrow(
      refusal("EEXIST", /hello/),
    );
    expect(() => module.init()).toThrow(refusal("EBUSY", /live/));
  });

  it("symbols come from modules whose init has returned; their owner stays as long as it is used", () => {
    const kernel = boot("radix64k-6.12");
    const provider = kernel.modules.load(example("provider"));
    expect(provider.name).toBe("provider"); // by .modinfo
    expectRefused(example("user"), "EBUSY", /Unknown symbol provided_\w+ \(err -16\)/, kernel);
    provider.init();
    const user = kernel.modules.load(example("user"), { name: "user" });
    expect(user.uses).toEqual([provider]);
    user.init();
    expect(() => provider.unload()).toThrow(refusal("EWOULDBLOCK", /provider is in use by: user$/));
    user.unload();
    provider.unload();
    expect(kernel.modules.list).toEqual([]);
  });

  // Expected: simplify_symbols takes a weak symbol for resolved only where nobody has it.
  it("a weak symbol may be nobody's, but not that of a module whose init has not returned", () => {
    const kernel = boot();
    const weak = object([li(0), BLR], { symbols: [{ name: "provided_add", section: 0, bind: 2 }] });
    kernel.modules.load(weak, { name: "alone" }).discard();
    const provider = kernel.modules.load(example("provider"));
    expectRefused(weak, "EBUSY", /Unknown symbol provided_add \(err -16\)/, kernel);
    provider.init();
    expect(kernel.modules.load(weak, { name: "user" }).uses).toEqual([provider]);
  });

  it("a table of exports says what is exported; without one it is every global function and variable", () => {
    const kernel = boot();
    const provider = kernel.modules.load(example("provider"));
    expect([...provider.exports.keys()].sort()).toEqual([
      "provided_add",
      "provided_observe",
      "provided_total",
    ]);
    const data = kernel.modules.load(example("data"), { name: "data" });
    expect([...data.exports.keys()].sort()).toEqual(["counter", "table", "text"]);
    provider.init();
    const copy = new TextDecoder("latin1")
      .decode(example("provider"))
      .replaceAll("name=provider", "name=provid_r");
    expectRefused(
      Uint8Array.from(copy, (c) => c.charCodeAt(0)),
      "ENOEXEC",
      /provid_r: exports duplicate symbol provided_\w+ \(owned by provider\)/,
      kernel,
    );
  });

  it("every symbol that nobody has is named, in the log each on a line of its own", () => {
    const kernel = boot();
    expectRefused(
      example("user"),
      "ENOENT",
      /^bad: Unknown symbol provided_\w+ \(err -2\), nor provided_\w+, provided_\w+$/,
      kernel,
    );
    expect(kernel.log.lines).toHaveLength(3);
  });

  it("an init that fails takes the module out; one that oopses leaves it for good", () => {
    const kernel = boot();
    const failing = kernel.modules.load(example("failing"));
    const before = kernel.vmalloc.areas.length;
    expect(failing.init()).toMatchObject({ kind: "return", value: fromHalves(-1, -19) });
    expect([failing.state, kernel.modules.list.length, kernel.vmalloc.areas.length < before]).toEqual([
      "gone",
      0,
      true,
    ]);
    const trap = kernel.modules.load(object([encode("tw", { TO: 31, RA: 0, RB: 0 })]), { name: "bug" });
    const outcome = trap.init();
    expect(outcome).toMatchObject({ kind: "oops", oops: { trap: 0x700 } });
    const text = outcome?.kind === "oops" ? outcome.oops.text : "";
    expect(text).toMatch(/^Modules linked in: bug\(\+\)$/m);
    expect(text).toMatch(/init_module\+0x0\/0x4 \[bug\]/);
    expect(() => trap.unload()).toThrow(refusal("EBUSY", /coming/));
    trap.discard();
    expect(kernel.modules.list).toEqual([]);
  });

  it("an init without an exit stays: EBUSY", () => {
    const kernel = boot();
    const module = kernel.modules.load(object([li(0), BLR]));
    module.init();
    expect(() => module.unload()).toThrow(refusal("EBUSY", /has no exit/));
  });

  it.each(["hash64k-4.15", "radix4k-6.12"])(
    "text cannot be written, data not executed, read-only data neither: %s",
    (layout) => {
      const kernel = boot(layout);
      const store = encode("std", { RS: 3, RA0: 3, DS: 0 });
      const module = kernel.modules.load(
        object([store, BLR], {
          sections: [
            { name: ".data", flags: DATA, data: words("le", li(1), BLR) },
            { name: ".rodata", flags: ALLOC, data: words("le", li(1), BLR) },
          ],
        }),
      );
      const at = (name: string): typeof entry =>
        module.sections.find((s) => s.name === name)?.address ?? entry;
      const entry = module.symbols[0]?.address ?? u64(0);
      const data = module.sections.find(({ name }) => name === ".data")?.address ?? u64(0);
      expect(kernel.call(entry, [data])).toMatchObject({ kind: "return" });
      for (const target of [entry, at(".rodata")])
        expect(kernel.call(entry, [target])).toMatchObject({
          kind: "oops",
          oops: { trap: 0x300, dar: target },
        });
      for (const target of [data, at(".rodata")])
        expect(kernel.call(target, [])).toMatchObject({ kind: "oops", oops: { trap: 0x400 } });
    },
  );

  it("4.15 has one area for a module, 6.12 one for each protection", () => {
    for (const [layout, areas] of [
      ["hash64k-4.15", 1],
      ["hash64k-6.12", 3],
    ] as const) {
      const kernel = boot(layout);
      kernel.modules.load(example("provider"));
      expect([layout, kernel.vmalloc.areas.length]).toEqual([layout, areas]);
    }
  });

  it("kallsyms knows a module's symbols by name, the kernel's own first, and forgets them", () => {
    const kernel = boot();
    const own = kernel.kallsyms.address("_printk");
    const module = kernel.modules.load(
      object([li(0), BLR], {
        symbols: [
          { name: "_printk", section: ".text" },
          { name: "mine", section: ".text" },
        ],
      }),
      { name: "shadow" },
    );
    expect(kernel.kallsyms.address("_printk") ?? u64(0)).toEqual(kernel.text.exported("_printk"));
    expect(own === undefined || own.eq(kernel.kallsyms.address("_printk") ?? u64(0))).toBe(true);
    expect(kernel.kallsyms.address("shadow:_printk")).toEqual(module.symbols[1]?.address);
    expect(kernel.kallsyms.address("mine")).toEqual(module.symbols[2]?.address);
    module.discard();
    expect(kernel.kallsyms.address("mine")).toBeUndefined();
  });
});

it("every helper of BPF is there for modules, guest code or not", () => {
  const kernel = boot();
  expect(kernel.modules.list).toEqual([]);
  expect(helpers.filter(({ symbol }) => kernel.text.exported(symbol) === undefined)).toEqual([]);
});

describe("files that are refused, with nothing held", () => {
  it.each([
    [
      "a section that is writable and executable",
      object([BLR], { sections: [{ name: "x", flags: 7 }] }),
      "ENOEXEC",
      /section x .* WRITE\|EXEC/,
    ],
    [
      "more memory than there is",
      object([BLR], { sections: [{ name: ".bss", flags: DATA, type: 8, size: 2 ** 32 }] }),
      "ENOMEM",
      /no memory/,
    ],
    [
      "a size out of all bounds",
      object([BLR], { sections: [{ name: ".bss", flags: DATA, type: 8, size: 2 ** 52 }] }),
      "ENOMEM",
      /no memory/,
    ],
    [
      "an alignment that is none",
      object([BLR], { sections: [{ name: "x", flags: ALLOC, align: 24, data: new Uint8Array(8) }] }),
      "ENOEXEC",
      /section 2 alignment 24/,
    ],
    [
      "a common symbol",
      object([BLR], { symbols: [{ name: "c", section: 0xfff2, value: 8 }] }),
      "ENOEXEC",
      /please compile with -fno-common/,
    ],
    [
      "a symbol of no section",
      object([BLR], { symbols: [{ name: "s", section: 200 }] }),
      "ENOEXEC",
      /Symbol s has an invalid section index 200/,
    ],
    [
      "another machine",
      buildObject({ endian: "le", machine: 62, sections: [], symbols: [] }),
      "ENOEXEC",
      /Invalid architecture in ELF header: 62/,
    ],
    [
      "the other byte order",
      buildObject({ endian: "be", sections: [], symbols: [] }),
      "ENOEXEC",
      /byte order be/,
    ],
    [
      "the other ABI",
      buildObject({ endian: "le", abi: "elfv1", sections: [], symbols: [] }),
      "ENOEXEC",
      /elfv1, the kernel is elfv2/,
    ],
    ["nothing", new Uint8Array(), "ENOEXEC", /not an ELF file/],
  ])("%s", (_name, file, errno, message) => {
    expectRefused(file, errno, message);
  });

  it("no memory in the middle: what was taken is given back", () => {
    const kernel = boot("hash64k-6.12");
    const before = holdings(kernel);
    const half = Math.floor(kernel.pages.free / 2) * kernel.pages.pageBytes;
    const section = (name: string, flags: number): ObjectParts["sections"][number] => ({
      name,
      flags,
      type: 8,
      size: half,
    });
    const file = object([BLR], { sections: [section(".bss", DATA), section(".zeros", ALLOC)] });
    expect(() => kernel.modules.load(file)).toThrow(refusal("ENOMEM", /no memory/));
    expect(holdings(kernel)).toEqual(before);
  });
});
