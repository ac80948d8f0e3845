// The program and the options of `farcall ranges` as what is the same in every cell.
import type { LinkedProgram } from "../../bpf/elf/types.ts";
import type { Experiment } from "../../lab/ranges/measure.ts";
import { BASELINE } from "../../lab/ranges/axes.ts";
import { layoutDocument } from "../../kernel/layout/json.ts";
import type { Layout } from "../../kernel/layout/layout.ts";
import { layoutNamed, layouts } from "../../kernel/layout/table.ts";
import { UsageError } from "../errors.ts";
import type { BpfOptions } from "../options.ts";
import { readProgram } from "../program-file.ts";
import { kernelOptions, loadOptions } from "../session.ts";

/** The options without the axes of the matrix. */
export type CommonOptions = Omit<BpfOptions, "layout" | "imageAlloc" | "callEncoding"> & {
  readonly ctxIn?: string;
};

/** Throws UsageError or StageError where the file cannot be used. */
export function openExperiment(
  file: string,
  bytes: Uint8Array,
  common: CommonOptions,
  input: Pick<Experiment, "dataIn" | "ctxIn" | "others">,
  chosenLayouts: readonly Layout[] = [],
): Experiment {
  const twice = chosenLayouts.find(
    ({ name }, i) => chosenLayouts.findIndex((other) => other.name === name) < i,
  );
  if (twice !== undefined) throw new UsageError(`--layout: two layouts are named ${twice.name}`);
  const [layout] = layouts;
  if (layout === undefined) throw new Error("no layouts");
  const options: BpfOptions = { ...common, layout, ...BASELINE };
  const { kind, program } = readProgram(file, bytes, options);
  const onMemory = kind === "raw" && (common.ctxIn !== undefined || !common.verify);
  return {
    program: plain(program),
    kernel: { ...kernelOptions(options, program.endian), layout: layout.name },
    load: loadOptions(options, onMemory),
    onMemory,
    ...input,
    ownLayouts: chosenLayouts.filter((own) => layoutNamed(own.name) !== own).map(layoutDocument),
  };
}

/** Without debug information, which nothing here needs: what is left can be sent to workers. */
function plain({ kfuncs = [], ...program }: LinkedProgram): LinkedProgram {
  const { name, type, endian, insns, functions, maps, license } = program;
  return { name, type, endian, insns, functions, maps, license, kfuncs };
}
