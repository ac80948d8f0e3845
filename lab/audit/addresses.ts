// __pa, __va and virt_to_page: arithmetic that is right where an address and its RAM are 1:1.
import { linear } from "../../kernel/layout/image.ts";
import { linearOffset } from "../../kernel/mm/linear-map.ts";
import { hex64 } from "../../word/long.ts";
import { accessText, isAt, reach, realText } from "./access.ts";
import type { Check } from "./finding.ts";

const TOLD_APART =
  "is_vmalloc_addr() tells such an address from the linear map's, and nobody asks this of one";

/** @linux arch/powerpc/include/asm/page.h __pa */
export const paCheck: Check = ({ kernel, ea, isLinear, real }) => {
  const assumption = "__pa of an image";
  const load = accessText("load", ea, reach(kernel, ea, "load"));
  if (!isLinear) return [{ assumption, broken: false, access: load, why: TOLD_APART }];
  const computed = linearOffset(ea);
  const broken = computed !== real;
  return [
    {
      assumption,
      broken,
      access: `${load}; __pa(${hex64(ea)}) is ${realText(computed)}`,
      why: broken ? `${whatIsAt(kernel, computed)}, not the image` : "the image is at its linear address",
    },
  ];
};

/** @linux arch/powerpc/include/asm/page.h __va */
export const vaCheck: Check = ({ kernel, real }) => {
  const { moved } = kernel.imageAlloc;
  const pages = [
    { what: "of an image's page", page: real },
    ...(moved === undefined ? [] : [{ what: "of a page that was moved", page: moved.real }]),
  ];
  return pages.map(({ what, page }) => {
    const ea = linear(page);
    const access = page === real ? "load" : "store";
    const reached = reach(kernel, ea, access);
    const broken = !isAt(reached, page);
    return {
      assumption: `__va ${what}`,
      broken,
      access: `${accessText(access, ea, reached)}, expected real ${realText(page)}`,
      why: broken
        ? "the page is not at its linear address: whoever gets it from the page allocator writes into images or nowhere"
        : "the page is in the linear map",
    };
  });
};

/** @linux arch/powerpc/include/asm/page.h virt_to_page, virt_addr_valid */
export const virtToPageCheck: Check = ({ kernel, ea, isLinear, real }) => {
  const assumption = "virt_to_page of an image";
  const { pageBytes } = kernel.pages;
  const frame = Math.floor((isLinear ? linearOffset(ea) : real) / pageBytes);
  const page = kernel.vmemmap.pageAddress(frame);
  const reached = reach(kernel, page, "load");
  const access = `struct page of ${hex64(ea)}: ${accessText("load", page, reached)}`;
  if (!isLinear) return [{ assumption, broken: false, access, why: TOLD_APART }];
  const valid = kernel.address.virtAddrValid(ea) ? "virt_addr_valid() says yes" : "virt_addr_valid() says no";
  const broken = frame !== Math.floor(real / pageBytes);
  return [
    {
      assumption,
      broken,
      access,
      why: broken
        ? `${valid}; page ${realText(frame)} is ${whatIsAt(kernel, frame * pageBytes)}, the image is in page ${realText(Math.floor(real / pageBytes))}`
        : `${valid}, and it is the image's page`,
    },
  ];
};

function whatIsAt(kernel: Parameters<Check>[0]["kernel"], real: number): string {
  return kernel.cpu.ram.has(real, 1)
    ? `RAM of another use (${kernel.pages.ownerOf(real) ?? "free"})`
    : "no RAM";
}
