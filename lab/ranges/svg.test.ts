// The drawing, from rows made by hand: which lanes and marks there are, where they stand, that it is well-formed.
import { describe, expect, it } from "vitest";
import type { Row } from "./row.ts";
import { rangesSvg } from "./svg.ts";

const row: Row = {
  layout: "one",
  image_alloc: "near:<0>",
  call_encoding: "aux-func",
  loads: true,
  error: null,
  runs: true,
  retval: 0,
  oops: null,
  bpf_call_base: "0xc000000000332f20",
  images: ["0xc000000002332f20", "0xbfffffff80332f20"],
  signed_bits: 32,
  fits_s32: true,
  fits_48: true,
  calls: 1,
  calls_in_bl_reach: 1,
  ram_bytes: 0,
  va_bytes: 0,
  resolved_with_kallsyms: 0,
  resolved_without_kallsyms: 0,
};
const refused: Row = { ...row, image_alloc: "gap", images: null, error: 'ENXIO: no "gap" & none' };
const svg = rangesSvg("a<b", [{ ...row, images: null, loads: false }, row, refused]);

/** Horizontal places of what has a class. */
const places = (kind: string): readonly number[] =>
  [...svg.matchAll(new RegExp(`<circle cx="([\\d.]+)"[^>]* class="${kind}"><title>`, "g"))].map((match) =>
    Number(match[1]),
  );
/** The lines where reaches end: bl at 2^25 bytes, s32 at 2^31. */
const ends = [...svg.matchAll(/<line x1="([\d.]+)" x2="\1" y1="96" [^>]*class="line"/g)].map((match) =>
  Number(match[1]),
);

describe("the drawing", () => {
  it("every element that is opened is closed, and names cannot open any", () => {
    const open: string[] = [];
    for (const [, closing, name = "", alone] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g))
      if (closing === "/") expect(open.pop()).toBe(name);
      else if (alone !== "/") open.push(name);
    expect(open).toEqual([]);
    expect(svg).toContain("a&lt;b");
    expect(svg).toContain("near:&lt;0>");
    expect(svg).toContain("ENXIO: no &quot;gap&quot; &amp; none");
  });
  it("a lane shows the row that has images; a lane without any the reason", () => {
    expect(svg.match(/>near</g)).toHaveLength(1);
    expect(svg.match(/class="refused"/g)).toHaveLength(1);
  });
  it("images stand where their distance ends the reach of bl and of 32 bits, below the base as rings", () => {
    expect(places("mark")).toEqual([ends[0]]);
    expect(places("below")).toEqual([ends[1]]);
  });
});
