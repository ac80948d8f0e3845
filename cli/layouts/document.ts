// A layout as a JSON document: what a layout file has, and what is derived from it or found in a booted kernel.
import { contentsOf } from "../../kernel/layout/contents.ts";
import { layoutDocument } from "../../kernel/layout/json.ts";
import { sizeText } from "../../kernel/layout/size.ts";
import { hex64 } from "../../word/long.ts";
import { reachDocument } from "./reach-table.ts";
import type { Shown } from "./regions.ts";

/** `contents` is there for a booted kernel. */
export function shownDocument({ layout, booted }: Shown): unknown {
  const { regions, ...rest } = layoutDocument(layout);
  return {
    ...rest,
    regions: layout.regions.map(({ start, end }, i) => ({ ...regions[i], size: sizeText(end.sub(start)) })),
    reach: reachDocument(layout),
    ...(booted === undefined
      ? {}
      : {
          contents: contentsOf(booted.kernel, booted.images).map(({ name, start, end, note, marks }) => ({
            name,
            start: hex64(start),
            end: hex64(end),
            size: sizeText(end.sub(start)),
            note,
            marks: marks.map((mark) => ({
              name: mark.name,
              address: hex64(mark.address),
              note: mark.note ?? "",
            })),
          })),
        }),
  };
}
