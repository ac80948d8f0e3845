// __pa, __va and virt_to_page: right for RAM in the linear map, a fault that says why for everything else.
import { describe, expect, it } from "vitest";
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import { AddressFault } from "./address.ts";
import { Kernel } from "./kernel.ts";
import { linear } from "./layout/image.ts";
import { regionNamed } from "./layout/layout.ts";
import { parseRamMap } from "./ram-map.ts";

const MIB = 2 ** 20;

/** Why there is no answer; a failure where there is one. */
function why(answer: number | U64 | AddressFault): string {
  if (answer instanceof AddressFault) return answer.why;
  throw new Error(`an answer: ${answer.toString(16)}`);
}

describe.each(["hash64k-4.15", "hash4k-6.12", "radix64k-6.12", "radix4k-4.15"])(
  "addresses of %s",
  (layout) => {
    const kernel = new Kernel({ layout, ramMap: parseRamMap("0-64M,512M-544M@1") });
    const { address, vmalloc } = kernel;
    const { pageBytes } = kernel.pages;
    const vmemmap = regionNamed(kernel.layout, "vmemmap").start;

    it("RAM goes there and back by every way", () => {
      for (const real of [0, 0x1234, 64 * MIB - 1, 512 * MIB, 544 * MIB - 1]) {
        const ea = linear(real);
        const frame = Math.floor(real / pageBytes);
        const page = vmemmap.add(u64(64 * frame));
        expect(address.pa(ea)).toBe(real);
        expect(address.va(real)).toEqual(ea);
        expect(address.virtToPfn(ea)).toBe(frame);
        expect(address.virtToPage(ea)).toEqual(page);
        expect(address.pfnToPage(frame)).toEqual(page);
        expect(address.pageToPfn(page)).toBe(frame);
        expect(address.pageToVirt(page)).toEqual(linear(frame * pageBytes));
        expect(address.virtAddrValid(ea)).toBe(true);
      }
    });
    it("a gap and what is behind RAM have no page and no address", () => {
      for (const [real, where] of [
        [64 * MIB, "in a gap of RAM"],
        [512 * MIB - 1, "in a gap of RAM"],
        [544 * MIB, "behind the end of RAM"],
      ] as const) {
        const ea = linear(real);
        const page = vmemmap.add(u64(64 * Math.floor(real / pageBytes)));
        for (const answer of [
          address.pa(ea),
          address.va(real),
          address.virtToPfn(ea),
          address.virtToPage(ea),
          address.pfnToPage(Math.floor(real / pageBytes)),
          address.pageToPfn(page),
          address.pageToVirt(page),
        ])
          expect(why(answer)).toContain(where);
        expect(address.virtAddrValid(ea)).toBe(false);
      }
      for (const answer of [
        address.va(-1),
        address.va(NaN),
        address.pfnToPage(0.5),
        address.pageToPfn(vmemmap.add(8)),
      ])
        expect(answer).toBeInstanceOf(AddressFault);
    });
    it("a vmalloc address is not for them; what Linux makes of it is told", () => {
      const ea = vmalloc.allocate({ size: 1, ...range(), caller: "test" }) ?? u64(0);
      const fault = address.virtToPage(ea);
      expect(why(fault)).toContain(
        `virt_to_page(${hex64(ea)}): it is in vmalloc, not in the linear map; Linux computes real`,
      );
      // On 4.15's hash, vmalloc's offset is taken for a real address: that of the kernel's first page, here.
      const computed = { "hash64k-4.15": 0 }[layout];
      if (computed !== undefined) {
        expect(fault).toMatchObject({ computed, asked: "virt_to_page" });
        expect(why(fault)).toContain("RAM of another use");
      }
      expect(address.virtAddrValid(ea)).toBe(false);
      expect(address.vmallocToPage(ea)).toEqual(
        address.pfnToPage((vmalloc.find(ea)?.pages[0] ?? 0) / pageBytes),
      );
      expect(why(address.vmallocToPage(ea.add(pageBytes)))).toContain("is not mapped");
      expect(why(address.vmallocToPage(linear(0)))).toContain("in linear map, not vmalloc");
    });
    it("neither is what lies in other regions, in none, or belongs to a process", () => {
      for (const [ea, where] of [
        [vmemmap, "in vmemmap"],
        [regionNamed(kernel.layout, "IO").start, "in IO"],
        [u64(0), "a user address"],
        [u64(-1), "in no region"],
        [fromHalves(0x8000_0000, 0), "in no region"],
        // __pa of it is that of RAM.
        [fromHalves(0xe000_0000, 0), "in no region"],
      ] as const) {
        expect(why(address.pa(ea))).toContain(where);
        expect(why(address.virtToPage(ea))).toContain(where);
        if (where !== "in vmemmap") expect(why(address.pageToPfn(ea))).toContain(where);
        expect(address.virtAddrValid(ea)).toBe(false);
      }
      expect(why(address.pageToPfn(linear(0)))).toContain("in linear map, not in vmemmap");
    });
    it("RAM that was taken out of the linear map has no linear address any more", () => {
      const granule = kernel.mm.linearGranuleBytes;
      const real = 528 * MIB;
      kernel.mm.unmapLinear(real, real + granule);
      expect(why(address.pa(linear(real)))).toContain("the linear map has a hole there");
      expect(why(address.va(real))).toContain("taken out of the linear map");
      // Linux does not see it.
      expect(address.virtAddrValid(linear(real))).toBe(true);
      kernel.mm.mapLinear(real, real + granule, { write: true, execute: false, user: false });
      expect(address.pa(linear(real))).toBe(real);
    });

    function range(): { readonly start: U64; readonly end: U64 } {
      const { start, end } = regionNamed(kernel.layout, "vmalloc");
      return { start, end };
    }
  },
);
