// What protects images: set_memory, the other addresses of their RAM, and what follows them.
import { linear } from "../../kernel/layout/image.ts";
import { setMemoryError } from "../../kernel/set-memory.ts";
import { u64 } from "../../word/long.ts";
import { accessText, isAt, reach } from "./access.ts";
import type { Check } from "./finding.ts";

/** @linux arch/powerpc/mm/pageattr.c change_memory_attr */
export const setMemoryCheck: Check = ({ kernel, ea, isLinear }) => {
  const errno = setMemoryError(kernel, ea);
  const why =
    errno === undefined
      ? "the address has page tables with base pages"
      : "on hash it changes vmalloc and IO only: the linear map has no page tables";
  const access = `set_memory_rox(image): ${errno ?? "done"}; ${accessText("store", ea, reach(kernel, ea, "store"))}`;
  const more =
    isLinear && errno === undefined ? "; of the linear map only where its large pages were split" : "";
  return [
    {
      assumption: "set_memory_rox works on an image's pages",
      broken: errno !== undefined,
      access,
      why: `${why}${more}`,
    },
  ];
};

/** Every other address of the image's RAM that the kernel itself keeps. */
export const aliasCheck: Check = ({ kernel, ea, real }) => {
  const { moved } = kernel.imageAlloc;
  const isMoved = moved !== undefined && real >= moved.real && real < moved.real + moved.bytes;
  const alias = isMoved ? moved.ea.add(u64(real - moved.real)) : linear(real);
  const reached = reach(kernel, alias, "store");
  const broken = !alias.eq(ea) && isAt(reached, real);
  return [
    {
      assumption: "an image can be written at none of its addresses",
      broken,
      access: accessText("store", alias, reached),
      why: broken
        ? `its RAM is writable ${isMoved ? "where it was moved to" : "at its linear address: set_memory changes one address, as in Linux on powerpc"}`
        : "it has no other address",
    },
  ];
};

/** What lies behind an image's last page or chunk. */
export const guardCheck: Check = ({ kernel, ea, bytes, isLinear }) => {
  const { granuleBytes } = kernel.imageAlloc;
  const { pageBytes } = kernel.pages;
  const end = ea.add(u64(Math.ceil(bytes / granuleBytes) * granuleBytes));
  const load = reach(kernel, end, "load");
  const fetch = reach(kernel, end, "fetch");
  const isShared = isLinear && kernel.mm.irregularGranule(ea) > pageBytes;
  const follows =
    fetch.kind === "interrupt"
      ? "RAM of another use follows"
      : `images share ${isShared ? "a page of the MMU" : "packs"}: what runs off the end meets trap words or the next image`;
  return [
    {
      assumption: "a guard page follows an image",
      broken: load.kind === "real",
      access: `${accessText("load", end, load)}; ${accessText("fetch", end, fetch)}`,
      why: load.kind === "real" ? follows : "nothing is mapped behind it",
    },
  ];
};
