// The axes of the matrix: which strategies, encodings and layouts there are. Taken from their registries, nothing is listed here.
import type { CallEncodingName } from "../../bpf/core/encoding/encoding.ts";
import { callEncodings } from "../../bpf/core/encoding/table.ts";
import { imageAllocStrategies } from "../../kernel/image-alloc/table.ts";
import { layouts } from "../../kernel/layout/table.ts";
import type { Cell } from "./row.ts";

export interface Axes {
  readonly layouts: readonly string[];
  readonly imageAllocs: readonly string[];
  readonly callEncodings: readonly CallEncodingName[];
}

/** The cell that others are compared with, on each layout. */
export const BASELINE = { imageAlloc: "module_alloc", callEncoding: "aux-func" } as const;

/** Whether others are compared with this cell. */
export function isBaseline({ imageAlloc, callEncoding }: Pick<Cell, "imageAlloc" | "callEncoding">): boolean {
  return imageAlloc === BASELINE.imageAlloc && callEncoding === BASELINE.callEncoding;
}

/** Everything there is, in the order of the registries. */
export function allAxes(): Axes {
  return {
    layouts: layouts.map(({ name }) => name),
    imageAllocs: imageAllocStrategies.map(({ name }) => name),
    callEncodings: callEncodings.map(({ name }) => name),
  };
}
