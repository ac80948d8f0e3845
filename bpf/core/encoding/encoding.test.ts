import fc from "fast-check";
import { expect, it } from "vitest";
import { fromHalves, hex64, u64, ZERO, type U64 } from "../../../word/long.ts";
import { BpfLoadError } from "../../load-error.ts";
import type { BpfFunction } from "../prog.ts";
import { auxFunc } from "./aux-func.ts";
import { calleeList } from "./callee-list.ts";
import type { CallEncoding, CallEncodingName, CallSite, CallView } from "./encoding.ts";
import { imm32 } from "./imm32.ts";
import { imm48 } from "./imm48.ts";
import { progId } from "./prog-id.ts";
import { callEncodingNamed, callEncodings } from "./table.ts";

/** As on Debian's ppc64el. */
const bpfCallBase = fromHalves(0xc000_0000, 0x0033_2f20);
/** As 4.15's module_alloc gives it with the hash MMU. */
const inVmalloc = fromHalves(0xd000_0000, 0x0004_1028);
// 0xd000000000041028 - 0xc000000000332f20 = 0x0fffffffffd0e108; its low half, extended: -0x2f1ef8
const CUT = -0x2f_1ef8;

/** Functions f0, f1… with ids from 7; a call from f0 over 3 slots to the last of them. */
function siteOf(callEncoding: CallEncoding, images: readonly U64[]): CallSite {
  const func: BpfFunction[] = [];
  const functionById = (id: number): BpfFunction | undefined => func.find((fn) => fn.id === id);
  const aux = { func, funcCnt: images.length, callEncoding, functionById };
  images.forEach((bpfFunc, index) =>
    func.push({
      name: `f${index}`,
      index,
      id: 7 + index,
      insns: [],
      stackDepth: 0,
      verifierZext: false,
      aux,
      bpfFunc,
      callees: [],
    }),
  );
  const [fn, callee] = [func[0], func.at(-1)];
  if (fn === undefined || callee === undefined) throw new Error("no function");
  return { fn, callee, distance: 3, bpfCallBase };
}

const view = (fields: Partial<CallView> = {}): CallView => ({
  ksyms: [],
  bpfCallBase,
  nameOfId: () => undefined,
  ...fields,
});

it("imm32: a callee within 32 bits of __bpf_call_base is called where it is", () => {
  for (const distance of [-0x8000_0000, -4, 0x7fff_fffc]) {
    const image = bpfCallBase.add(u64(distance));
    const site = siteOf(imm32, [ZERO, image]);
    const fields = imm32.encode(site);
    expect(fields).toEqual({ off: 0, imm: distance });
    expect(imm32.target(fields, site.fn, bpfCallBase)).toEqual(image);
    expect(imm32.read(imm32.shown(site), view())).toEqual({ distance: 3, address: image, name: undefined });
  }
});

it("imm32: of a distance of 61 bits only the low half is left", () => {
  const site = siteOf(imm32, [ZERO, inVmalloc]);
  const fields = imm32.encode(site);
  expect(fields).toEqual({ off: 0, imm: CUT });
  const astray = fromHalves(0xc000_0000, 0x0004_1028);
  expect(imm32.target(fields, site.fn, bpfCallBase)).toEqual(astray);
  expect(imm32.shown(site)).toEqual({ off: 3, imm: CUT });
  expect(imm32.read(imm32.shown(site), view())).toEqual({ distance: 3, address: astray, name: undefined });
});

it("imm48: off is the upper half of a distance of 48 signed bits, and arrives", () => {
  for (const [high, low, off, imm] of [
    [0, 0x1000, 0, 0x1000],
    [0, 0x8000_0000, 0, -0x8000_0000],
    [-1, -4, -1, -4],
    [0x3d00, 0x4_1028, 0x3d00, 0x4_1028],
    [0x7fff, -1, 0x7fff, -1],
    [-0x8000, 0, -0x8000, 0],
  ] as const) {
    const image = bpfCallBase.add(fromHalves(high, low));
    const site = siteOf(imm48, [ZERO, image]);
    expect(imm48.encode(site)).toEqual({ off, imm });
    expect(imm48.shown(site)).toEqual({ off, imm });
    expect(imm48.target({ off, imm }, site.fn, bpfCallBase)).toEqual(image);
    expect(imm48.read({ off, imm }, view())).toEqual({
      distance: undefined,
      address: image,
      name: undefined,
    });
  }
});

it("imm48: one byte more in either direction is refused with both addresses", () => {
  for (const image of [
    bpfCallBase.add(fromHalves(0x8000, 0)),
    bpfCallBase.add(fromHalves(-0x8001, -1)),
    inVmalloc,
  ]) {
    const encode = (): unknown => imm48.encode(siteOf(imm48, [ZERO, image]));
    expect(encode).toThrow(expect.objectContaining({ errno: "ERANGE" }));
    expect(encode).toThrow(hex64(image));
    expect(encode).toThrow(hex64(bpfCallBase));
  }
});

it("callee-list: each callee has one place in the caller's own list", () => {
  const site = siteOf(calleeList, [ZERO, u64(0x4000), inVmalloc]);
  const other = site.fn.aux.func[1];
  if (other === undefined) throw new Error("no function");
  expect(calleeList.encode(site)).toEqual({ off: 0, imm: CUT });
  expect(calleeList.encode({ ...site, callee: other }).off).toBe(1);
  expect(calleeList.encode(site).off).toBe(0);
  expect(calleeList.encode({ ...site, fn: other }).off).toBe(0);
  expect(site.fn.callees).toEqual([inVmalloc, u64(0x4000)]);
  expect(other.callees).toEqual([inVmalloc]);
  expect(calleeList.target({ off: 1, imm: 0 }, site.fn, bpfCallBase)).toEqual(u64(0x4000));
  for (const off of [-1, 2, 0x7fff])
    expect(calleeList.target({ off, imm: 0 }, site.fn, bpfCallBase)).toBeUndefined();
  // User space sees what imm32 shows it.
  expect(calleeList.shown(site)).toEqual({ off: 3, imm: CUT });
});

it("aux-func: off is the place in the list of functions, and nothing outside of it", () => {
  const site = siteOf(auxFunc, [ZERO, inVmalloc]);
  expect(auxFunc.encode(site)).toEqual({ off: 1, imm: CUT });
  expect(auxFunc.target({ off: 1, imm: 0x1234 }, site.fn, bpfCallBase)).toEqual(inVmalloc);
  for (const off of [-1, 2, 0x7fff])
    expect(auxFunc.target({ off, imm: 0 }, site.fn, bpfCallBase)).toBeUndefined();
});

it("aux-func: user space gets the distance and the index into jited_ksyms", () => {
  const shown = auxFunc.shown(siteOf(auxFunc, [ZERO, inVmalloc]));
  expect(shown).toEqual({ off: 3, imm: 1 });
  const ksyms = [ZERO, inVmalloc];
  expect(auxFunc.read(shown, view({ ksyms }))).toEqual({
    distance: 3,
    address: inVmalloc,
    name: undefined,
  });
});

it("prog-id: imm is a number that the kernel knows a function by, and any other is none", () => {
  const site = siteOf(progId, [ZERO, inVmalloc]);
  expect(progId.encode(site)).toEqual({ off: 0, imm: 8 });
  expect(progId.target({ off: 0, imm: 8 }, site.fn, bpfCallBase)).toEqual(inVmalloc);
  expect(progId.target({ off: 0, imm: 9 }, site.fn, bpfCallBase)).toBeUndefined();
  expect(progId.shown(site)).toEqual({ off: 3, imm: 8 });
  expect(progId.read({ off: 3, imm: 8 }, view({ nameOfId: (id) => `number ${id}` }))).toEqual({
    distance: 3,
    address: undefined,
    name: "number 8",
  });
});

it.each(callEncodings)(
  "$name: what the core writes leads the JIT and a dump tool to the callee, or is refused",
  (encoding) => {
    const half = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
    // Distances of every size: shifted down from 64 bits with their sign.
    const distances = fc.tuple(half, half, fc.integer({ min: 0, max: 62 }));
    fc.assert(
      fc.property(distances, ([high, low, shift]) => {
        const distance = fromHalves(high, low).toSigned().shiftRight(shift);
        const image = bpfCallBase.add(distance.toUnsigned());
        const site = siteOf(encoding, [u64(0x4000), image]);
        const fits = (bits: number): boolean =>
          distance
            .shiftLeft(64 - bits)
            .shiftRight(64 - bits)
            .eq(distance);
        if (encoding === imm48 && !fits(48)) {
          expect(() => encoding.encode(site)).toThrow(expect.objectContaining({ errno: "ERANGE" }));
          return;
        }
        const fields = encoding.encode(site);
        expect(fields.off).toBe((fields.off << 16) >> 16);
        expect(fields.imm).toBe(fields.imm | 0);
        const arrives = encoding.target(fields, site.fn, bpfCallBase)?.eq(image);
        expect(arrives).toBe(encoding !== imm32 || fits(32));
        const ksyms = site.fn.aux.func.map(({ bpfFunc }) => bpfFunc);
        const read = encoding.read(encoding.shown(site), view({ ksyms, nameOfId: (id) => `f${id - 7}` }));
        const isCut = encoding === imm32 || encoding === calleeList;
        if (encoding === progId) expect(read.name).toBe("f1");
        else expect(read.address?.eq(image)).toBe(!isCut || fits(32));
      }),
    );
  },
);

it("a name of no encoding is refused with those that there are", () => {
  expect(() => callEncodingNamed("imm64" as CallEncodingName)).toThrow(
    new BpfLoadError("no call encoding imm64; there are imm32, imm48, callee-list, aux-func, prog-id"),
  );
});
