// A BpfCore on flat memory, and programs from assembly, for tests.
import { fromHalves, u64, type U64 } from "../../word/long.ts";
import { assemble } from "../assemble.ts";
import { BpfCore } from "../core/core.ts";
import type { LinkedProgram, MapDefinition, ProgType } from "../elf/types.ts";
import { helperByName, helpers } from "../helpers/table.ts";
import type { Endian } from "../insn.ts";
import { mapTypes } from "../elf/types.ts";
import { FlatMemory } from "./flat-memory.ts";

export interface TestKernel {
  readonly memory: FlatMemory;
  readonly core: BpfCore;
  /** Messages of bpf_trace_printk. */
  readonly messages: string[];
}

/** A kernel whose helpers are at rising addresses above __bpf_call_base and whose clock stands at 1000 ns. */
export function testKernel(endian: Endian = "le", memoryBytes?: number): TestKernel {
  const memory = new FlatMemory(endian, memoryBytes);
  const messages: string[] = [];
  const bpfCallBase: U64 = fromHalves(0xc000_0000 | 0, 0x20_0000);
  const core = new BpfCore({
    memory,
    bpfCallBase,
    helperAddress: (id) => (helpers.some((h) => h.id === id) ? bpfCallBase.add(0x1000 + id * 32) : undefined),
    now: () => u64(1000),
    seed: 1,
    cpu: 3,
    trace: (message) => messages.push(message),
    pointerText: (address, kind) => address.toString(16).padStart(16, kind === "" ? "#" : kind),
  });
  return { memory, core, messages };
}

/** A program of one type from LLVM assembly; helpers are called by name (`call bpf_map_lookup_elem`). */
export function assembled(
  text: string,
  type: ProgType = "socket_filter",
  options: { readonly endian?: Endian; readonly maps?: readonly MapDefinition[] } = {},
): LinkedProgram {
  const { insns, functions } = assemble(text, {
    helper: (name) => helperByName(name.replace(/^bpf_/, ""))?.id,
  });
  const { endian = "le", maps = [] } = options;
  return { name: "main", type, endian, insns, functions, maps, license: "GPL" };
}

/** A map's definition; 4-byte keys, 8-byte values and 4 entries where nothing else is told. */
export function definition(type: "array" | "hash", fields: Partial<MapDefinition> = {}): MapDefinition {
  const typeNumber = mapTypes.indexOf(type);
  return { name: type, type, typeNumber, keySize: 4, valueSize: 8, maxEntries: 4, flags: 0, ...fields };
}
