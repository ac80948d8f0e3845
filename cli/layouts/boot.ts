// The kernels that `farcall layouts` shows: booted, and with a BPF program or a module in them where `--with` names one.
import type { ImagePlace } from "../../kernel/layout/contents.ts";
import type { Layout } from "../../kernel/layout/layout.ts";
import { abiOfLevel, EM_PPC64, openElf, type ElfFile } from "../../kernel/elf/file.ts";
import { UsageError } from "../errors.ts";
import { readInput } from "../files.ts";
import { loadModule } from "../module-file.ts";
import type { BpfOptions } from "../options.ts";
import { bootKernel, openSession } from "../session.ts";
import type { Shown } from "./regions.ts";

type BootOptions = Omit<BpfOptions, "layout"> & { readonly with?: string };

/** A kernel of each layout. Throws UsageError or StageError. */
export async function boot(layouts: readonly Layout[], options: BootOptions): Promise<readonly Shown[]> {
  const { with: file } = options;
  if (file === undefined)
    return layouts.map((layout) => {
      const kernel = bootKernel({ ...options, layout }, options.endian ?? "le");
      return { layout, booted: { kernel, images: [] } };
    });
  const bytes = await readInput(file);
  const elf = openElf(bytes);
  const isModule = !("defect" in elf) && elf.machine === EM_PPC64;
  return layouts.map((layout) =>
    isModule
      ? withModule(file, elf, { ...options, layout })
      : withProgram(file, bytes, { ...options, layout }),
  );
}

function withProgram(file: string, bytes: Uint8Array, options: BpfOptions): Shown {
  const session = openSession(file, bytes, options);
  const images = session
    .functions()
    .flatMap(({ name, address, bytes: size }): readonly ImagePlace[] =>
      address === undefined ? [] : [{ name, start: address, end: address.add(size) }],
    );
  return { layout: options.layout, booted: { kernel: session.kernel, images } };
}

/** Loaded, not run: its sections are where they would be. */
function withModule(file: string, elf: ElfFile, options: BpfOptions): Shown {
  const abi = options.abi ?? abiOfLevel(elf.abiLevel, elf.endian);
  if (options.endian !== undefined && options.endian !== elf.endian)
    throw new UsageError(`${file} is ${elf.endian}, --endian says ${options.endian}`);
  const kernel = bootKernel({ ...options, ...(abi === undefined ? {} : { abi }) }, elf.endian);
  const { sections } = loadModule(kernel, file, elf.bytes);
  const images = sections
    .filter(({ size }) => size > 0)
    .map(({ name, address, size }): ImagePlace => ({ name, start: address, end: address.add(size) }));
  return { layout: options.layout, booted: { kernel, images } };
}
