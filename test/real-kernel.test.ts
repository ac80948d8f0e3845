// Layouts against real kernels: region boundaries, symbols, areas and their guard pages, where images are. Long, and it needs kernels: only
// with FARCALL_NIGHTLY=1. FARCALL_PPC64EL_KERNELS names vmlinux files of ppc64el with `:` between them; else those in /boot are taken.
import { expect, it } from "vitest";
import { Kernel } from "../kernel/kernel.ts";
import { regionNamed } from "../kernel/layout/layout.ts";
import { bitsOf, placesOf } from "../kernel/layout/reach.ts";
import { layoutNamed } from "../kernel/layout/table.ts";
import { signedBits } from "../word/distance.ts";
import { hex64, type U64 } from "../word/long.ts";
import { assembleBpfProgram } from "../index.ts";
import { describeWithOracle, oracle } from "./oracles.ts";
import { vmlinuxFiles } from "./real-kernel/kernels.ts";
import { observe, parseAreas, type Area, type Machine, type Observation } from "./real-kernel/observe.ts";

const PACKAGES = "linux-image-powerpc64le, linux-image-powerpc64le-64k (architecture ppc64el)";
const qemu = oracle("qemu-system-ppc64", "qemu-system-ppc");
const gcc = oracle("powerpc64le-linux-gnu-gcc", "gcc-powerpc64le-linux-gnu");
const machines: readonly Machine[] = [
  { name: "POWER8, hash", qemu: ["-M", "pseries", "-cpu", "power8"], commandLine: "" },
  { name: "POWER9, hash", qemu: ["-M", "pseries", "-cpu", "power9"], commandLine: "disable_radix" },
  { name: "POWER9, radix", qemu: ["-M", "pseries", "-cpu", "power9"], commandLine: "" },
];
/** Main and two more, as init.c loads it. */
const PROGRAM = `
  r1 = 1
  call inc
  r1 = r0
  call inc2
  exit
inc:
  r0 = r1
  r0 += 1
  exit
inc2:
  r0 = r1
  r0 += 1
  exit
`;

const wanted = process.env["FARCALL_NIGHTLY"] === "1";
const kernels = wanted ? vmlinuxFiles() : [];
if (wanted && kernels.length === 0) console.log(`skipped: a real kernel's address space needs ${PACKAGES}`);
if (kernels.length === 0)
  it.skip(`a real kernel's address space: FARCALL_NIGHTLY=1 and ${PACKAGES}`, () => undefined);
for (const file of kernels)
  for (const machine of machines)
    describeWithOracle(`${file} on ${machine.name}`, [qemu, gcc], () => {
      it("lies as the layout of its MMU and page size says", { timeout: 400_000 }, () => {
        compare(observe({ qemu, gcc }, file, machine));
      });
    });

function compare(real: Observation): void {
  const name = `${real.mmu}${real.pageBytes / 1024}k-6.12`;
  const layout = layoutNamed(name);
  if (layout === undefined) throw new Error(name);
  const region = (
    kind: "linear map" | "vmalloc" | "IO" | "vmemmap",
  ): { readonly start: U64; readonly end: U64 } => regionNamed(layout, kind);
  const symbol = (wantedName: string): string => {
    const found = real.symbols.get(wantedName);
    return found === undefined ? `no ${wantedName}` : hex64(found);
  };

  // Boundaries; the per-CPU areas are put at the very end of vmalloc, where there are any [Linux 6.12 mm/vmalloc.c pcpu_get_vm_areas].
  expect({ name, ...mapped(real.starts) }).toEqual({
    name,
    ...mapped({ vmalloc: region("vmalloc").start, io: region("IO").start, vmemmap: region("vmemmap").start }),
  });
  expect(symbol("_text")).toBe(hex64(region("linear map").start));
  expect(symbol("_stext")).toBe(hex64(region("linear map").start));
  for (const area of [...real.areas.before, ...real.areas.after]) {
    const { start, end } = region(
      area.rest.includes("ioremap") || area.start.gte(region("IO").start) ? "IO" : "vmalloc",
    );
    expect([hex64(area.start), area.start.gte(start) && area.end.lte(end)]).toEqual([
      hex64(area.start),
      true,
    ]);
  }
  const percpu = real.areas.before.filter(({ rest }) => rest.includes("pcpu_get_vm_areas")).at(-1);
  if (percpu !== undefined) expect(hex64(percpu.end)).toBe(hex64(region("vmalloc").end));

  // The same programs in a kernel of ours.
  const kernel = new Kernel({ layout, imageAlloc: packs(real) ? "prog-pack" : "module_alloc" });
  const before = parseAreas(kernel.vmalloc.info());
  const ours = real.programs.map(() => {
    const program = kernel.bpf.loadProgram(
      assembleBpfProgram(PROGRAM, { type: "socket_filter", endian: "le" }),
    );
    return program.images.map(({ image, bytes }) => ({ address: image, bytes }));
  });
  const after = parseAreas(kernel.vmalloc.info());
  expect(real.programs).toHaveLength(40);
  for (const images of [real.programs, ours]) {
    expect(images.every((program) => program.length === 3)).toBe(true);
    for (const { address } of images.flat()) {
      expect([
        hex64(address),
        address.gte(region("vmalloc").start) && address.lt(region("vmalloc").end),
      ]).toEqual([hex64(address), true]);
      expect(address.low & 3).toBe(0);
    }
  }

  // Pages and guards: of areas that hold images alike, of a single page twice a page.
  expect(shapes(real.areas.after, real.programs.flat(), real.pageBytes)).toEqual(
    shapes(after, ours.flat(), real.pageBytes),
  );
  expect(before.length).toBeLessThanOrEqual(after.length);
  for (const { start, end, rest } of real.areas.after) {
    const pages = /\bpages=(\d+)/.exec(rest)?.[1];
    if (pages !== undefined)
      expect([rest, end.sub(start).toNumber()]).toEqual([rest, (Number(pages) + 1) * real.pageBytes]);
  }

  // Distances.
  const base = real.symbols.get("__bpf_call_base");
  if (base === undefined) throw new Error("no __bpf_call_base");
  const bits = (from: U64, images: readonly { readonly address: U64 }[]): readonly number[] => [
    ...new Set(images.map(({ address }) => signedBits(address.sub(from)))),
  ];
  // One more where an image is farther into vmalloc than the symbol into text.
  const { fewest, most } = bitsOf(placesOf(layout));
  for (const found of [bits(base, real.programs.flat()), bits(kernel.text.bpfCallBase, ours.flat())])
    expect([found, found.every((n) => n >= fewest && n <= most)]).toEqual([found, true]);

  // Linux 6.1 of Debian is the kernel whose image ours has the addresses of.
  if (real.release.startsWith("6.1.")) {
    expect([symbol("__bpf_call_base"), symbol("_etext")]).toEqual([
      hex64(kernel.text.bpfCallBase),
      "0xc000000000dd0000",
    ]);
  }
}

/** Whether all images are in one area: 6.7 and later on powerpc64. */
function packs({ programs, areas }: Observation): boolean {
  return (
    new Set(programs.flat().map(({ address }) => holder(areas.after, address)?.start.toString())).size === 1
  );
}

function holder(areas: readonly Area[], address: U64): Area | undefined {
  return areas.find(({ start, end }) => address.gte(start) && address.lt(end));
}

/** Areas that hold images: how many, of how many bytes with their guard, and whether the last page is free of code. */
function shapes(
  areas: readonly Area[],
  images: readonly { readonly address: U64; readonly bytes: number }[],
  pageBytes: number,
): unknown {
  const holders = new Map(
    images.map(({ address }) => [holder(areas, address)?.start.toString(), holder(areas, address)]),
  );
  const sizes = [...holders.values()].map((area) => area?.end.sub(area.start).toNumber());
  const inGuard = images.filter(({ address, bytes }) => {
    const area = holder(areas, address);
    return area === undefined || address.add(bytes).gt(area.end.sub(pageBytes));
  });
  return { holders: holders.size, sizes: [...new Set(sizes)], inGuard };
}

function mapped(starts: Readonly<Record<string, U64>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(starts).map(([name, address]) => [name, hex64(address)]));
}
