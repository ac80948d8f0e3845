// What the BPF interpreter makes of a program that the JIT's tests run on the bare machine: memory of the same addresses, the
// same helpers, results as text that can be compared.
import type { BpfFunction } from "../../bpf/core/prog.ts";
import type { Insn } from "../../bpf/insn.ts";
import { Interpreter } from "../../bpf/interpreter.ts";
import type { AccessBytes, KernelMemory } from "../../bpf/memory.ts";
import { Ram } from "../../cpu/ram.ts";
import { CpuState, type Endian } from "../../cpu/state.ts";
import { hex64, u64, type U64 } from "../../word/long.ts";
import { BareMachine, type Helper } from "./bare-machine.ts";
import { functionsOf } from "./fixtures.ts";
import { toHex } from "./hex.ts";

/** Bytes of BPF stack that the functions of test programs may use. */
export const STACK_BYTES = 64;

export interface Result {
  readonly r0: string;
  /** The data that R1 pointed to, in hex. */
  readonly data: string;
}

/** The data at the address where the bare machine has it, and behind it room for the interpreter's stack. */
class SmallMemory implements KernelMemory {
  readonly endian: Endian;
  readonly #ram: Ram;
  #next = BareMachine.dataAddress + 0x1000;

  constructor(endian: Endian) {
    this.endian = endian;
    this.#ram = new Ram(new CpuState({ ramBytes: 0x8_0000, endian, model: "power9" }));
  }
  load(address: U64, bytes: AccessBytes): U64 {
    return this.#ram.load(bytes, address.toNumber(), this.endian);
  }
  store(address: U64, bytes: AccessBytes, value: U64): undefined {
    this.#ram.store(bytes, address.toNumber(), value, this.endian);
  }
  read(address: U64, length: number): Uint8Array {
    return this.#ram.bytes(address.toNumber(), length).slice();
  }
  write(address: U64, data: Uint8Array): undefined {
    this.#ram.bytes(address.toNumber(), data.length).set(data);
  }
  allocate(bytes: number): U64 {
    const address = this.#next;
    this.#next += bytes;
    return u64(address);
  }
  free(): void {
    // Nobody frees one by one here.
  }
}

const text = (r0: U64, bytes: Uint8Array, length: number): Result => ({
  r0: hex64(r0),
  data: toHex(bytes.subarray(0, length)),
});

/** The functions of a program as the JIT takes them. */
export const jitFunctions = (
  program: readonly (readonly Insn[])[],
  verifierZext: boolean,
): readonly BpfFunction[] => functionsOf(program, { stackDepth: STACK_BYTES, verifierZext });

/** By the BPF interpreter. Throws Error where the program does not return. */
export function interpreted(
  program: readonly (readonly Insn[])[],
  data: Uint8Array,
  endian: Endian,
  helpers: readonly Helper[] = [],
): Result {
  const memory = new SmallMemory(endian);
  const address = u64(BareMachine.dataAddress);
  memory.write(address, data);
  const interpreter = new Interpreter({
    memory,
    functions: jitFunctions(program, false),
    helper: (imm) => helpers[helpers.findIndex((_, n) => BareMachine.helperImm(n) === imm)],
  });
  const outcome = interpreter.run([address]);
  if (outcome.kind !== "return") throw new Error(`the interpreter: ${outcome.kind}`);
  return text(outcome.value, memory.read(address, data.length), data.length);
}

/** By compiled code. Throws Error where it does not return as the ABI wants. */
export function resultOf(machine: BareMachine, functions: readonly BpfFunction[], data: Uint8Array): Result {
  const outcome = machine.call(machine.jit(functions), data);
  return text(outcome.r0, outcome.data, data.length);
}
