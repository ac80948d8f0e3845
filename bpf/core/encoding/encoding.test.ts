import { expect, it } from "vitest";
import { fromHalves, u64, ZERO } from "../../../word/long.ts";
import type { BpfFunction } from "../prog.ts";
import { auxFunc } from "./aux-func.ts";
import type { CallEncoding } from "./encoding.ts";
import { imm32 } from "./imm32.ts";

/** As on Debian's ppc64el. */
const bpfCallBase = fromHalves(0xc000_0000, 0x0033_2f20);

function functions(callEncoding: CallEncoding, images = [ZERO, ZERO]): readonly [BpfFunction, BpfFunction] {
  const func: BpfFunction[] = [];
  const aux = { func, funcCnt: 2, callEncoding };
  const [main, callee] = images.map((bpfFunc, index) => {
    const fn = { name: `f${index}`, index, insns: [], stackDepth: 0, verifierZext: false, aux, bpfFunc };
    func.push(fn);
    return fn;
  });
  if (main === undefined || callee === undefined) throw new Error("no function");
  return [main, callee];
}

it("imm32: a callee within 32 bits of __bpf_call_base is called where it is", () => {
  for (const distance of [-0x8000_0000, -4, 0x7fff_fffc]) {
    const image = bpfCallBase.add(u64(distance));
    const [fn, callee] = functions(imm32, [ZERO, image]);
    const fields = imm32.encode({ fn, callee, distance: 3, bpfCallBase });
    expect(fields).toEqual({ off: 0, imm: distance });
    expect(imm32.target(fields, fn, bpfCallBase)).toEqual(image);
  }
});

it("imm32: of one in the vmalloc range of 4.15's hash layout only the low half of the distance is left", () => {
  // 0xd000000000041028 - 0xc000000000332f20 = 0x0fffffffffd0e108; cut and extended: -0x2f1ef8
  const [fn, callee] = functions(imm32, [ZERO, fromHalves(0xd000_0000, 0x0004_1028)]);
  const fields = imm32.encode({ fn, callee, distance: 3, bpfCallBase });
  expect(fields).toEqual({ off: 0, imm: -0x2f_1ef8 });
  expect(imm32.target(fields, fn, bpfCallBase)).toEqual(fromHalves(0xc000_0000, 0x0004_1028));
  expect(imm32.shown({ fn, callee, distance: 3, bpfCallBase })).toEqual({ off: 3, imm: -0x2f_1ef8 });
});

it("aux-func: off is the place in the list of functions, and nothing outside of it", () => {
  const image = fromHalves(0xd000_0000, 0x0004_1028);
  const [fn, callee] = functions(auxFunc, [ZERO, image]);
  const site = { fn, callee, distance: 3, bpfCallBase };
  expect(auxFunc.encode(site)).toEqual({ off: 1, imm: -0x2f_1ef8 });
  expect(auxFunc.shown(site)).toEqual({ off: 3, imm: 1 });
  expect(auxFunc.target({ off: 1, imm: 0x1234 }, fn, bpfCallBase)).toEqual(image);
  for (const off of [-1, 2, 0x7fff]) expect(auxFunc.target({ off, imm: 0 }, fn, bpfCallBase)).toBeUndefined();
});
