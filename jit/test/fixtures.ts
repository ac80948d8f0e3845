// What the JIT's tests compile for: a kernel of made-up addresses, memory that only remembers.
import { auxFunc } from "../../bpf/core/encoding/aux-func.ts";
import type { CallEncoding } from "../../bpf/core/encoding/encoding.ts";
import type { BpfFunction, BpfFunctionAux } from "../../bpf/core/prog.ts";
import type { Insn } from "../../bpf/insn.ts";
import { fromHalves, u64, type U64, ZERO } from "../../word/long.ts";
import { type JitedProgram, jitProgram } from "../program.ts";
import type { JitMemory, JitTarget } from "../target.ts";

/** Addresses and offsets as read from a Debian ppc64el 6.1 kernel. */
export const seenTarget: JitTarget = {
  cpu: "power9",
  endian: "le",
  abi: "elfv2",
  kernelToc: fromHalves(0xc000_0000, 0x0114_8100),
  pacaKernelToc: 16,
  kernelBase: fromHalves(0xc000_0000, 0),
  pacaKernelBase: 24,
  offsets: { bpfArrayMaxEntries: 36, bpfArrayPtrs: 272, bpfProgBpfFunc: 48 },
  bpfCallBase: fromHalves(0xc000_0000, 0x0033_2f20),
  callSequence: "auto-shrink",
  helperSequence: "toc-relative",
  stfBarrier: { kind: "none" },
  localEntry: (address) => address.add(u64(8)),
  isCoreText: (address) => address.high >>> 0 === 0xc000_0000 && address.low >>> 0 < 0x00dd_0000,
};

/** The big-endian sister of `seenTarget`, of the older ABI. */
export const bigEndianTarget: JitTarget = { ...seenTarget, endian: "be", abi: "elfv1" };

export const FIRST_IMAGE: U64 = fromHalves(0xc008_0000, 0x0023_1030);

/** Where tables of callees' addresses are: 16 MiB behind the TOC. */
export const TABLE: U64 = fromHalves(0xc000_0000, 0x0214_8100);

export class RecordingMemory implements JitMemory {
  readonly #places: U64[];
  #next = FIRST_IMAGE;
  readonly sizes: number[] = [];
  readonly written = new Map<string, Uint8Array>();
  readonly locked: U64[] = [];
  readonly freed: U64[] = [];
  readonly tables: { readonly address: U64; readonly bytes: number }[] = [];

  /** @param places of the first images; others follow one another */
  constructor(places: readonly U64[] = []) {
    this.#places = [...places];
  }

  allocate(bytes: number): { header: U64; image: U64 } {
    this.sizes.push(bytes);
    const image = this.#places.shift() ?? this.#next;
    this.#next = image.add(u64(Math.ceil(bytes / 16) * 16));
    return { header: image.subtract(u64(16)), image };
  }
  write(image: U64, code: Uint8Array): void {
    this.written.set(image.toString(16), code);
  }
  lock(header: U64): void {
    this.locked.push(header);
  }
  free(header: U64): void {
    this.freed.push(header);
  }
  allocateTable(bytes: number): U64 | undefined {
    this.tables.push({ address: TABLE, bytes });
    return TABLE;
  }
  writeTable(address: U64, table: Uint8Array): void {
    this.written.set(address.toString(16), table);
  }
  freeTable(address: U64): void {
    this.freed.push(address);
  }
}

/** Functions of one program, each with its instructions; calls among them go by place. */
export function functionsOf(
  bodies: readonly (readonly Insn[])[],
  options: {
    verifierZext?: boolean;
    stackDepth?: number;
    callEncoding?: CallEncoding;
    kernelFunction?: NonNullable<BpfFunctionAux["kernelFunction"]>;
  } = {},
): readonly BpfFunction[] {
  const { verifierZext = false, stackDepth = 0, callEncoding = auxFunc, kernelFunction } = options;
  const func: BpfFunction[] = [];
  const aux = {
    func,
    funcCnt: bodies.length > 1 ? bodies.length : 0,
    callEncoding,
    functionById: (id: number) => func.find((fn) => fn.id === id),
    ...(kernelFunction === undefined ? {} : { kernelFunction }),
  };
  bodies.forEach((insns, index) =>
    func.push({
      name: `f${index}`,
      index,
      id: index + 1,
      insns,
      stackDepth,
      verifierZext,
      aux,
      bpfFunc: ZERO,
      callees: [],
    }),
  );
  return func;
}

/** Compiles one function. */
export function jitOne(
  insns: readonly Insn[],
  target: JitTarget = seenTarget,
  options: { verifierZext?: boolean; stackDepth?: number } = {},
): JitedProgram["functions"][number] {
  const [first] = jitProgram(functionsOf([insns], options), target, new RecordingMemory()).functions;
  if (first === undefined) throw new Error("no function");
  return first;
}
