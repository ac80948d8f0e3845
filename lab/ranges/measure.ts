// One cell of the matrix: a kernel is booted, the program loaded and run on it, and what came of it is measured.
// Nothing is compared with other cells here.
import type { LinkedProgram } from "../../bpf/elf/types.ts";
import type { BpfLoadOptions } from "../../kernel/bpf.ts";
import type { Kernel, KernelOptions } from "../../kernel/kernel.ts";
import { parseLayout, type LayoutDocument } from "../../kernel/layout/json.ts";
import type { Layout } from "../../kernel/layout/layout.ts";
import type { Program } from "../../kernel/program.ts";
import { hex64 } from "../../word/long.ts";
import { BASELINE, isBaseline } from "./axes.ts";
import { bootCell } from "./boot.ts";
import { callsOf, placedCalls } from "./calls.ts";
import { oopsLine } from "./oops-line.ts";
import { loadOthers } from "./others.ts";
import { blReaches, signedBits } from "./reach.ts";
import { isRefusal, reasonOf, refusing, type Refusal } from "./refusal.ts";
import { resolvedCalls } from "./resolved.ts";
import type { Cell, Measurement, Row } from "./row.ts";

/** What is the same in every cell. */
export interface Experiment {
  readonly program: LinkedProgram;
  readonly kernel: KernelOptions;
  readonly load: BpfLoadOptions;
  /** Runs on plain memory (`ctxIn`) instead of a packet. */
  readonly onMemory: boolean;
  readonly dataIn: Uint8Array | undefined;
  readonly ctxIn: Uint8Array | undefined;
  /** Programs that are loaded before it, see others.ts. */
  readonly others: number;
  /** Layouts that a cell may name beside those of the table; documents, since workers are sent them. */
  readonly ownLayouts?: readonly LayoutDocument[];
}

/**
 * Boots, loads, runs, measures. The images of a program that is refused for its calls lie where they lie under aux-func. What others
 * are compared with is run by the default sequences where those that were asked for cannot be here.
 * @throws whatever is neither a refusal nor a result: options that cannot be used, or a bug of ours
 */
export function measure(experiment: Experiment, cell: Cell): Measurement {
  const { imageAlloc, kernel } = bootCell(experiment.kernel, { ...cell, layout: layoutOf(experiment, cell) });
  const row = emptyRow(experiment, { ...cell, imageAlloc });
  if (isRefusal(kernel)) return refused(row, kernel);
  const based = { ...row, bpf_call_base: hex64(kernel.text.bpfCallBase) };
  const atBoot = kernel.imageAlloc.usage;
  const others = surround(kernel, experiment);
  if (isRefusal(others)) return refused(based, others);
  const before = kernel.imageAlloc.usage;
  const program = load(kernel, experiment, cell);
  if (isRefusal(program)) {
    const returned = program.stage === "jit" && isBaseline(cell) ? returnedByDefault(experiment, cell) : null;
    return { ...refused({ ...based, ...placesElsewhere(experiment, cell) }, program), returned };
  }
  const { usage } = kernel.imageAlloc;
  const asked = { callEncoding: cell.callEncoding, capable: experiment.load.privileged !== false };
  const placed = {
    ...based,
    loads: true,
    ...placesOf(kernel, program),
    ram_bytes: usage.ramBytes - before.ramBytes + atBoot.ramBytes,
    va_bytes: usage.vaBytes - before.vaBytes + atBoot.vaBytes,
    resolved_with_kallsyms: resolvedCalls(kernel, program, { ...asked, kallsyms: true }),
    resolved_without_kallsyms: resolvedCalls(kernel, program, { ...asked, kallsyms: false }),
  };
  return { row: placed, returned: null, refusal: undefined, ...run(program, experiment, placed) };
}

function surround(
  kernel: Kernel,
  { others, kernel: { seed = 0 } }: Experiment,
): readonly Program[] | Refusal {
  const loaded = refusing("boot", () => loadOthers(kernel, others, seed));
  return isRefusal(loaded) ? { ...loaded, message: `${others} other programs: ${loaded.message}` } : loaded;
}

function load(kernel: Kernel, experiment: Experiment, { callEncoding }: Cell): Program | Refusal {
  return refusing("load", () =>
    kernel.bpf.loadProgram(experiment.program, { ...experiment.load, callEncoding }),
  );
}

/** A cell's layout: a name of the table, or one of the user's own. */
export function layoutOf({ ownLayouts = [] }: Experiment, { layout }: Pick<Cell, "layout">): string | Layout {
  const own = ownLayouts.find(({ name }) => name === layout);
  return own === undefined ? layout : parseLayout(JSON.stringify(own));
}

function emptyRow({ program }: Experiment, { layout, imageAlloc, callEncoding }: Cell): Row {
  return {
    layout,
    image_alloc: imageAlloc,
    call_encoding: callEncoding,
    loads: false,
    error: null,
    runs: false,
    retval: null,
    oops: null,
    bpf_call_base: null,
    images: null,
    signed_bits: null,
    fits_s32: null,
    fits_48: null,
    calls: callsOf(program).length,
    calls_in_bl_reach: null,
    ram_bytes: null,
    va_bytes: null,
    resolved_with_kallsyms: null,
    resolved_without_kallsyms: null,
  };
}

function refused(row: Row, refusal: Refusal): Measurement {
  return { row: { ...row, error: reasonOf(refusal) }, returned: null, refusal };
}

type Places = Pick<Row, "images" | "signed_bits" | "fits_s32" | "fits_48" | "calls" | "calls_in_bl_reach">;

function placesOf(kernel: Kernel, program: Program): Places {
  const calls = placedCalls(program);
  const bits = calls.map(({ image }) => signedBits(image.sub(kernel.text.bpfCallBase)));
  const most = bits.length === 0 ? null : bits.reduce((a, b) => Math.max(a, b));
  return {
    images: program.images.map(({ image }) => hex64(image)),
    signed_bits: most,
    fits_s32: most === null ? null : most <= 32,
    fits_48: most === null ? null : most <= 48,
    calls: calls.length,
    calls_in_bl_reach: calls.filter(({ from, to }) => blReaches(from, to)).length,
  };
}

/** Where the images would be, from a kernel that does the same but encodes calls so that all can be encoded. */
function placesElsewhere(experiment: Experiment, cell: Cell): Places | undefined {
  const { callEncoding } = BASELINE;
  if (cell.callEncoding === callEncoding) return undefined;
  const { kernel } = bootCell(experiment.kernel, { ...cell, layout: layoutOf(experiment, cell) });
  if (isRefusal(kernel) || isRefusal(surround(kernel, experiment))) return undefined;
  const program = load(kernel, experiment, { ...cell, callEncoding });
  return isRefusal(program) ? undefined : placesOf(kernel, program);
}

/** What the program returns with the calls that every layout can have; null where it does not return. */
function returnedByDefault(experiment: Experiment, cell: Cell): string | null {
  const { callSequence, helperSequence, ...load } = experiment.load;
  if (callSequence === undefined && helperSequence === undefined) return null;
  return measure({ ...experiment, load }, cell).returned;
}

/** Runs the program once. */
function run(program: Program, { onMemory, dataIn, ctxIn }: Experiment, row: Row): Partial<Measurement> {
  const end = refusing("run", () =>
    onMemory ? program.runOnMemory(ctxIn ?? new Uint8Array()) : program.testRun({ dataIn, ctxIn }),
  );
  if (isRefusal(end)) return refused(row, end);
  switch (end.kind) {
    case "done":
      return {
        row: { ...row, retval: end.retval },
        returned: `${hex64(end.r0)} ${hexBytes(end.dataOut ?? new Uint8Array())}`,
      };
    case "oops":
      return { row: { ...row, oops: oopsLine(end.oops) } };
    case "max-insns":
      return { row: { ...row, error: `EINTR: stopped after ${end.instructions} instructions` } };
    case "fault":
      throw new Error(`${program.name} was interpreted`);
  }
}

function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
