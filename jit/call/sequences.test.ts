// The very words of each sequence, by kind of callee and ABI, and what it refuses. Expectations are written by hand.
import { describe, expect, test } from "vitest";
import { fromHalves, hex64, u64, type U64 } from "../../word/long.ts";
import { JitError, type JitErrno } from "../error.ts";
import { asm } from "../test/asm.ts";
import { bigEndianTarget, seenTarget, TABLE } from "../test/fixtures.ts";
import { helperSequences } from "./helper-sequences.ts";
import { PlacedCalls } from "./placed-calls.ts";
import type { Call, CallMachine, EntryPoints, HelperSequenceName } from "./sequence.ts";
import { callSequences } from "./sequences.ts";

/** Where the call is: the end of its cache line of 64 bytes is 0x3c bytes away. */
const from = fromHalves(0xd000_0000, 0x0004_0000);
const STUBS = from.add(u64(0x400));
const places = { stubs: STUBS, table: { address: TABLE, slots: 4 } };

const elfv2: CallMachine = { ...seenTarget, cpu: "power10" };
const elfv1: CallMachine = { ...bigEndianTarget, cpu: "power10" };

const at = (high: number, low: number, local = 0): EntryPoints => {
  const global = fromHalves(high, low);
  return { global, local: global.add(u64(local)) };
};
const call = (kind: Call["kind"], to: EntryPoints, offset = 0): Call => ({
  kind,
  to,
  from: from.add(u64(offset)),
  callee: "f1",
  site: 3,
});
/** Behind a word that loads the TOC. */
const bpf = call("bpf", at(0xd000_0000, 0x1234_5678, 4));
const bpfNear = call("bpf", at(0xd000_0000, 0x0005_0000, 4));
/** Behind two words that compute it. */
const core = call("core", at(0xc000_0000, 0x00aa_0000, 8));
const module = call("module", at(0xd000_0000, 0x0100_0000, 8));
const withDescriptor = (kind: Call["kind"], code: U64, descriptor: U64): Call =>
  call(kind, { global: code, local: code, descriptor });
const coreV1 = withDescriptor(
  "core",
  fromHalves(0xc000_0000, 0x00aa_0000),
  fromHalves(0xc000_0000, 0x0100_0018),
);
const moduleV1 = withDescriptor(
  "module",
  fromHalves(0xd000_0000, 0x0100_0000),
  fromHalves(0xd000_0000, 0x0101_0018),
);

function kindNamed(
  name: string,
  helper = false,
): (typeof callSequences)[number] | (typeof helperSequences)[number] {
  const kind = (helper ? helperSequences : callSequences).find((one) => one.name === name);
  if (kind === undefined) throw new Error(`no sequence ${name}`);
  return kind;
}
const placed = (name: string, machine = elfv2): PlacedCalls =>
  new PlacedCalls(kindNamed(name), machine, places);
const helper = (name: HelperSequenceName, machine = elfv2): PlacedCalls =>
  new PlacedCalls(kindNamed(name, true), machine, places);

function refusal(work: () => unknown): { readonly errno: JitErrno; readonly message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof JitError) return error;
    throw error;
  }
  throw new Error("not refused");
}

const loadBpf = "lis r12,-0x3000; sldi r12,r12,32; oris r12,r12,0x1234; ori r12,r12,0x5678";
const loadModule = "lis r12,-0x3000; sldi r12,r12,32; oris r12,r12,0x100";
const loadCore = "lis r12,-0x4000; sldi r12,r12,32; oris r12,r12,0xaa";

describe("far", () => {
  test("five words of constant, mtctr, bctrl; behind a module's function the kernel's TOC again", () => {
    expect(placed("far").words(bpf)).toEqual(asm(`${loadBpf}; nop; mtctr r12; bctrl`));
    expect(placed("far").words(module)).toEqual(
      asm(`${loadModule}; nop; nop; mtctr r12; bctrl; ld r2,16(r13)`),
    );
  });
  test("ELFv1: JITed code by its code, others by their descriptor, a module's with its TOC", () => {
    expect(placed("far", elfv1).words(bpf)).toEqual(asm(`${loadBpf}; nop; mtctr r12; bctrl`));
    expect(placed("far", elfv1).words(moduleV1)).toEqual(
      asm(`lis r12,-0x3000; sldi r12,r12,32; oris r12,r12,0x101; ori r12,r12,0x18; nop
           ld r9,0(r12); mtctr r9; ld r2,8(r12); bctrl; ld r2,16(r13)`),
    );
  });
});

test("far-blrl: the same through LR", () => {
  expect(placed("far-blrl").words(bpf)).toEqual(asm(`${loadBpf}; nop; mtlr r12; blrl`));
  expect(placed("far-blrl", elfv1).words(coreV1)).toEqual(
    asm(
      `lis r12,-0x4000; sldi r12,r12,32; oris r12,r12,0x100; ori r12,r12,0x18; nop; ld r9,0(r12); mtlr r9; blrl`,
    ),
  );
});

describe("far-notoc", () => {
  test("leaves r12, and enters one word later", () => {
    expect(placed("far-notoc").words(bpf)).toEqual(
      asm("lis r9,-0x3000; sldi r9,r9,32; oris r9,r9,0x1234; ori r9,r9,0x567c; nop; mtctr r9; bctrl"),
    );
  });
  test("ENOTSUPP for a module's function, with both addresses", () => {
    const { errno, message } = refusal(() => placed("far-notoc").words(module));
    expect(errno).toBe("ENOTSUPP");
    expect(message).toContain(hex64(from));
    expect(message).toContain(hex64(module.to.global));
  });
});

describe("near", () => {
  test("bl to JITed code's start, and to the local entry point of the kernel's", () => {
    expect(placed("near").words(bpfNear)).toEqual(asm("bl .+0x10000"));
    const close = call("core", { global: from.add(u64(0x100)), local: from.add(u64(0x108)) });
    expect(helper("near").words(close)).toEqual(asm("bl .+0x108"));
  });
  test("a module's function only where it has no TOC of its own", () => {
    const leaf = call("module", at(0xd000_0000, 0x0005_0000));
    expect(helper("near").words(leaf)).toEqual(asm("bl .+0x10000; ld r2,16(r13)"));
    expect(refusal(() => helper("near").words(module)).errno).toBe("ENOTSUPP");
    expect(refusal(() => helper("near", elfv1).words(moduleV1)).errno).toBe("ENOTSUPP");
  });
  test("ERANGE for the kernel from vmalloc, with both addresses", () => {
    const { errno, message } = refusal(() => helper("near").words(core));
    expect(errno).toBe("ERANGE");
    expect(message).toContain(hex64(from));
    expect(message).toContain(hex64(core.to.local));
  });
});

describe("auto-pad and auto-skip", () => {
  test("near: nops to the length of far behind it; or a branch over them", () => {
    expect(placed("auto-pad").words(bpfNear)).toEqual(asm("bl .+0x10000; nop; nop; nop; nop; nop; nop"));
    expect(placed("auto-skip").words(bpfNear)).toEqual(
      asm("bl .+0x10000; b 1f; nop; nop; nop; nop; nop; 1:"),
    );
  });
  test("far: of the same length", () => {
    expect(placed("auto-pad").words(bpf)).toEqual(asm(`${loadBpf}; mtctr r12; bctrl; nop`));
    expect(placed("auto-skip").words(bpf)).toEqual(asm(`${loadBpf}; nop; mtctr r12; bctrl`));
  });
  test("a module's function with a TOC is far however close", () => {
    const close = call("module", at(0xd000_0000, 0x0005_0000, 8));
    expect(placed("auto-skip").words(close)).toEqual(placed("far").words(close));
  });
});

describe("stub", () => {
  test("one for each callee, of the words it needs, reached by bl", () => {
    const calls = placed("stub");
    expect(calls.words(bpf)).toEqual(asm("bl .+0x400"));
    expect(calls.words(module)).toEqual(asm("bl .+0x418; ld r2,16(r13)"));
    expect(calls.words({ ...bpf, from: from.add(u64(0x100)) })).toEqual(asm("bl .+0x300"));
    expect(calls.stubs).toEqual(asm(`${loadBpf}; mtctr r12; bctr; ${loadModule}; mtctr r12; bctr`));
  });
  test("ELFv1: a module's function gets its TOC from its descriptor", () => {
    const calls = helper("stub", elfv1);
    expect(calls.words(moduleV1)).toEqual(asm("bl .+0x400; ld r2,16(r13)"));
    expect(calls.stubs).toEqual(
      asm(`lis r12,-0x3000; sldi r12,r12,32; oris r12,r12,0x101; ori r12,r12,0x18
           ld r9,0(r12); mtctr r9; ld r2,8(r12); bctr`),
    );
  });
  test("ERANGE where the stub is 32 MiB away, not a word before", () => {
    const farAway = { ...bpf, from: STUBS.subtract(u64(0x200_0000)) };
    expect(refusal(() => placed("stub").words(farAway)).errno).toBe("ERANGE");
    expect(placed("stub").words({ ...bpf, from: farAway.from.add(u64(4)) })).toEqual(asm("bl .+0x1fffffc"));
  });
});

describe("toc", () => {
  test("the address from its slot, each once", () => {
    const calls = placed("toc");
    // 0x0214_8100 - 0x0114_8100 = 0x100_0000
    expect(calls.words(bpf)).toEqual(asm("addis r12,r2,0x100; ld r12,0(r12); mtctr r12; bctrl"));
    expect(calls.words(bpfNear)).toEqual(asm("addis r12,r2,0x100; ld r12,8(r12); mtctr r12; bctrl"));
    expect(calls.words(bpf)).toEqual(asm("addis r12,r2,0x100; ld r12,0(r12); mtctr r12; bctrl"));
    expect(calls.table).toEqual([
      { address: TABLE, value: bpf.to.global },
      { address: TABLE.add(u64(8)), value: bpfNear.to.global },
    ]);
  });
  const withTable = (offset: U64): PlacedCalls =>
    new PlacedCalls(kindNamed("toc"), elfv2, {
      ...places,
      table: { address: elfv2.kernelToc.add(offset), slots: 1 },
    });
  test("one word where 16 bits reach, two next to it", () => {
    expect(withTable(u64(0x7ff8)).words(bpf)[0]).toBe(asm("ld r12,0x7ff8(r2)")[0]);
    expect(withTable(u64(0x8000)).words(bpf).slice(0, 2)).toEqual(asm("addis r12,r2,1; ld r12,-0x8000(r12)"));
  });
  test("2 GiB either way, and ERANGE a doubleword further", () => {
    expect(withTable(u64(0x7fff_7ff8)).words(bpf).slice(0, 2)).toEqual(
      asm("addis r12,r2,0x7fff; ld r12,0x7ff8(r12)"),
    );
    expect(refusal(() => withTable(u64(0x7fff_8000)).words(bpf)).errno).toBe("ERANGE");
    expect(withTable(u64(-0x8000_0000)).words(bpf).slice(0, 2)).toEqual(
      asm("addis r12,r2,-0x8000; ld r12,0(r12)"),
    );
    const { errno, message } = refusal(() => withTable(u64(-0x8000_0008)).words(bpf));
    expect(errno).toBe("ERANGE");
    expect(message).toContain(hex64(from));
    expect(message).toContain(hex64(bpf.to.global));
  });
});

describe("pcrel", () => {
  test("pla, and a nop where the prefix would be the last word of 64 bytes", () => {
    // 0x1234_5678 - 0x4_0000
    expect(placed("pcrel").words(bpf)).toEqual(asm("pla r12,0x12305678; mtctr r12; bctrl"));
    const last = { ...bpf, from: from.add(u64(0x3c)) };
    expect(placed("pcrel").words(last)).toEqual(asm("nop; pla r12,0x12305638; mtctr r12; bctrl"));
    const lastButOne = { ...bpf, from: from.add(u64(0x38)) };
    expect(placed("pcrel").words(lastButOne)).toEqual(asm("pla r12,0x12305640; mtctr r12; bctrl"));
  });
  const away = (bytes: number): Call => {
    const global = from.add(u64(bytes));
    return { ...bpf, to: { global, local: global } };
  };
  test("34 bits, and ERANGE a byte further", () => {
    expect(
      placed("pcrel")
        .words(away(2 ** 33 - 4))
        .slice(0, 2),
    ).toEqual(asm("pla r12,0x1fffffffc"));
    expect(
      placed("pcrel")
        .words(away(-(2 ** 33)))
        .slice(0, 2),
    ).toEqual(asm("pla r12,-0x200000000"));
    expect(refusal(() => placed("pcrel").words(away(2 ** 33))).errno).toBe("ERANGE");
    expect(refusal(() => placed("pcrel").words(away(-(2 ** 33) - 4))).errno).toBe("ERANGE");
  });
  test("ENOTSUPP before POWER10, with both addresses", () => {
    for (const cpu of ["power8", "power9"] as const) {
      const { errno, message } = refusal(() => placed("pcrel", { ...elfv2, cpu }).words(bpf));
      expect(errno).toBe("ENOTSUPP");
      for (const text of [cpu, hex64(from), hex64(bpf.to.global)]) expect(message).toContain(text);
    }
  });
});

describe("helper sequences", () => {
  test("toc-relative: to the local entry point; a module's function far, unpadded", () => {
    // 0x00aa_0008 - 0x0114_8100 = -0x6a_80f8
    expect(helper("toc-relative").words(core)).toEqual(
      asm("addis r12,r2,-107; addi r12,r12,0x7f08; mtctr r12; bctrl"),
    );
    expect(helper("toc-relative").words(module)).toEqual(
      asm(`${loadModule}; mtctr r12; bctrl; ld r2,16(r13)`),
    );
  });
  test("far: to the global entry point, or by the descriptor", () => {
    expect(helper("far").words(core)).toEqual(asm(`${loadCore}; mtctr r12; bctrl`));
    expect(helper("far", elfv1).words(coreV1)).toEqual(
      asm(
        `lis r12,-0x4000; sldi r12,r12,32; oris r12,r12,0x100; ori r12,r12,0x18; ld r9,0(r12); mtctr r9; bctrl`,
      ),
    );
  });
  test("stub: to the global entry point", () => {
    const calls = helper("stub");
    expect(calls.words(core)).toEqual(asm("bl .+0x400"));
    expect(calls.stubs).toEqual(asm(`${loadCore}; mtctr r12; bctr`));
  });
  test("pcrel: from the start of the kernel, the prefix not across 64 bytes; a module's function by pla", () => {
    expect(helper("pcrel").words(core)).toEqual(
      asm("ld r12,24(r13); paddi r12,r12,0xaa0000; mtctr r12; bctrl"),
    );
    expect(helper("pcrel").words({ ...core, from: from.add(u64(0x38)) })).toEqual(
      asm("ld r12,24(r13); nop; paddi r12,r12,0xaa0000; mtctr r12; bctrl"),
    );
    // 0x100_0000 - 0x4_0000
    expect(helper("pcrel").words(module)).toEqual(asm("pla r12,0xfc0000; mtctr r12; bctrl; ld r2,16(r13)"));
    expect(helper("pcrel", elfv1).words(coreV1)).toEqual(
      asm("ld r12,24(r13); paddi r12,r12,0x1000018; ld r9,0(r12); mtctr r9; bctrl"),
    );
  });
  test("pcrel: ERANGE out of the kernel's and pla's reach, ENOTSUPP before POWER10", () => {
    const elsewhere = call("module", at(0xd000_0002, 0x0004_0000));
    expect(refusal(() => helper("pcrel").words(elsewhere)).errno).toBe("ERANGE");
    expect(refusal(() => helper("pcrel", { ...elfv2, cpu: "power9" }).words(core)).errno).toBe("ENOTSUPP");
  });
});

describe("tables", () => {
  test("every name once, with a line of what it is and when it can be", () => {
    for (const table of [callSequences, helperSequences]) {
      expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
      for (const { summary, legal } of table)
        for (const line of [summary, legal]) expect(line).toMatch(/^\S[^\n]{1,110}$/);
    }
  });

  test("no call is longer than it was sized, whatever it calls", () => {
    const calls = [bpf, bpfNear, core, module];
    const callsV1 = [bpf, bpfNear, coreV1, moduleV1];
    for (const kind of [...callSequences, ...helperSequences])
      for (const [machine, all] of [
        [elfv2, calls],
        [elfv1, callsV1],
      ] as const)
        for (const each of all)
          for (let offset = 0; offset < 64; offset += 4) {
            const sequence = new PlacedCalls(kind, machine, places);
            const sized = kind.create(machine);
            let words: readonly number[];
            try {
              words = sequence.words({ ...each, from: each.from.add(u64(offset)) });
            } catch (error) {
              if (error instanceof JitError) continue;
              throw error;
            }
            expect(words.length).toBeLessThanOrEqual(sized.maxWords(each));
            expect(words.length).toBeLessThanOrEqual(sized.maxWords({ kind: each.kind }));
            expect(sequence.stubs.length).toBeLessThanOrEqual(sized.maxStubWords({ kind: each.kind }));
          }
  });
});
