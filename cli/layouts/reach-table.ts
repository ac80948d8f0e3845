// How far JITed images are from kernel text, as tables for people and as members of JSON documents.
// The figures are kernel/layout's.
import type { ArchLayout, Architecture } from "../../kernel/layout/arch/arch.ts";
import { IMAGE, linear } from "../../kernel/layout/image.ts";
import type { Layout } from "../../kernel/layout/layout.ts";
import {
  bitsOf,
  needsMoreThanImm,
  placesOf,
  reached,
  reachedBetween,
  type Bits,
} from "../../kernel/layout/reach.ts";
import { sizeText } from "../../kernel/layout/size.ts";
import { hex64 } from "../../word/long.ts";
import { grouped } from "../address-map.ts";
import { table } from "../output.ts";

const BL_BITS = 26;

/** The member `reach` of a layout's document. */
export function reachDocument(layout: Layout): Readonly<Record<string, unknown>> {
  const places = placesOf(layout);
  const toc = linear(IMAGE.toc);
  const { fewest, most } = bitsOf(places);
  return {
    bpf_call_base: hex64(places.text.lowest),
    toc: hex64(toc),
    fewest_bits: fewest,
    most_bits: most,
    imm32: reached(places, 32),
    imm48: reached(places, 48),
    bl: reached(places, BL_BITS),
    toc32: reached({ ...places, text: { lowest: toc, highest: toc } }, 32),
  };
}

/** A table with a row for each layout. */
export function reachLines(layouts: readonly Layout[]): readonly string[] {
  const rows = layouts.map((layout) => {
    const { imm32, imm48, bl, toc32 } = reachDocument(layout);
    const { images } = placesOf(layout);
    const cells = [imm32, imm48, bl, toc32].map(String);
    return [layout.name, `${grouped(images.start)} on`, bitsText(bitsOf(placesOf(layout))), ...cells];
  });
  const base = `__bpf_call_base at ${grouped(linear(IMAGE.bpfCallBase))}, TOC base at ${grouped(linear(IMAGE.toc))}`;
  return [
    `How many of the images' addresses are reached (${base}):`,
    ...table([["layout", "images", "signed bits", "imm (32)", "off+imm (48)", "bl", "TOC (32)"], ...rows]),
  ];
}

/** The rows of `--arch --json`. */
export function archDocument({ name, call, layouts }: Architecture): unknown {
  return {
    arch: name,
    direct_call: call.name,
    direct_call_reach: 2 ** (call.bits - 1),
    rows: layouts.map((layout) => {
      const { linux, configuration, places, sources } = layout;
      const { fewest, most } = bitsOf(places);
      return {
        linux,
        configuration,
        text: { lowest: hex64(places.text.lowest), highest: hex64(places.text.highest) },
        images: { start: hex64(places.images.start), end: hex64(places.images.end) },
        fewest_bits: fewest,
        most_bits: most,
        imm32: reached(places, 32),
        call_from_text: reached(places, call.bits),
        call_between_images: reachedBetween(places, call.bits),
        same_need: needsMoreThanImm(places),
        sources,
      };
    }),
  };
}

/** A table of one machine's layouts, and where its figures are from. */
export function archLines({ name, call, layouts }: Architecture): readonly string[] {
  const sources = [...new Set(layouts.map(sourceLine))];
  const direct = `${call.name} ±${sizeText(2 ** (call.bits - 1))}`;
  const rows = layouts.map((layout) => {
    const { linux, configuration, places } = layout;
    const { text, images } = places;
    return [
      linux,
      configuration,
      text.lowest.eq(text.highest)
        ? grouped(text.lowest)
        : `${grouped(text.lowest)} to ${grouped(text.highest)}`,
      `${grouped(images.start)} to ${grouped(images.end)}`,
      bitsText(bitsOf(places)),
      reached(places, 32),
      reached(places, call.bits),
      reachedBetween(places, call.bits),
      needsMoreThanImm(places) ? "yes" : "no",
      `[${sources.indexOf(sourceLine(layout)) + 1}]`,
    ];
  });
  const heads = [
    "Linux",
    "configuration",
    "text",
    "images",
    "signed bits",
    "imm (32)",
    direct,
    "between images",
    "same need?",
  ];
  return [name, ...table([heads, ...rows]), ...sources.map((source, i) => `[${i + 1}] ${source}`)];
}

function sourceLine({ linux, sources }: ArchLayout): string {
  return `Linux ${linux} ${sources.join("; ")}`;
}

function bitsText({ fewest, most }: Bits): string {
  return fewest === most ? String(most) : `${fewest} to ${most}`;
}
