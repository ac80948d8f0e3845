// A layout as what is drawn: its regions, and in them what a booted kernel has there.
import { contentsOf, type ImagePlace } from "../../kernel/layout/contents.ts";
import type { Layout } from "../../kernel/layout/layout.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Stretch } from "../address-map.ts";

/** A layout, and the kernel that was booted with it where one was. */
export interface Shown {
  readonly layout: Layout;
  readonly booted?: { readonly kernel: Kernel; readonly images: readonly ImagePlace[] };
}

/** The regions of a layout, ascending; of a booted kernel with what lies in them. */
export function regionsOf({ layout, booted }: Shown): readonly Stretch[] {
  if (booted === undefined) return layout.regions;
  const contents = contentsOf(booted.kernel, booted.images);
  return layout.regions.map((region) => ({
    ...region,
    inside: contents.filter(({ start }) => start.gte(region.start) && start.lt(region.end)),
  }));
}
