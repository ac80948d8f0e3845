// A static executable in problem state: registers, system calls, and how it ends. Four system calls exist; another one ends
// the run with its number and name. The address space is address-space.ts's.
import { fromHalves, hex64, u64, type U64 } from "../../word/long.ts";
import { Cpu, type EngineName } from "../../cpu/cpu.ts";
import type { CpuModel } from "../../cpu/isa/row.ts";
import { msrBits } from "../../cpu/state.ts";
import type { Stop } from "../../cpu/stop.ts";
import { KernelUsageError } from "../error.ts";
import { Random } from "../random.ts";
import { AddressSpace, USER_PAGE } from "./address-space.ts";
import { parseExecutable, USER_END, type Executable } from "./executable.ts";
import { initialStack } from "./start.ts";
import { syscallName } from "./syscall-names.ts";

export interface UserOptions {
  /** The file's bytes. */
  readonly elf: Uint8Array;
  /** argv, the program's name first. */
  readonly args: readonly string[];
  /** `NAME=value`; default none. */
  readonly env?: readonly string[];
  /** Default auto. */
  readonly engine?: EngineName;
  /** Default power9. */
  readonly cpu?: CpuModel;
  /** Default 256 MiB. */
  readonly ramBytes?: number;
  /** Seed of what AT_RANDOM points to; default 0. */
  readonly seed?: number;
  /** Gets what the program writes to file descriptor 1. */
  readonly stdout: (bytes: Uint8Array) => void;
  /** Gets what it writes to 2; default `stdout`. */
  readonly stderr?: (bytes: Uint8Array) => void;
}

/** How a run ended; `detail` is one line for people. */
export type UserEnd =
  | { readonly reason: "exit"; readonly exitCode: number }
  | { readonly reason: "max-insns"; readonly exitCode: null; readonly detail: string }
  | { readonly reason: "fault"; readonly exitCode: null; readonly detail: string };

const STACK_TOP = USER_END - USER_PAGE;
const STACK_BYTES = 8 * 2 ** 20;
/** Instructions between two looks at the budget. */
const SLICE = 50_000_000;

/** Faults that one instruction may have resolved: a segment and a page for itself and for two operands, and room. */
const MOST_ATTEMPTS = 64;

const EBADF = 9;
const EFAULT = 14;
/** Most bytes one write takes. @linux include/linux/fs.h MAX_RW_COUNT, 64K pages */
const MOST_WRITTEN = 0x7fff_0000;
const CHUNK = 0x10_0000;

export class UserProcess {
  readonly cpu: Cpu;
  readonly executable: Executable;
  readonly #space: AddressSpace;
  readonly #options: UserOptions;
  readonly #heap: ReturnType<AddressSpace["addRange"]>;
  readonly #heapStart: number;
  #break: number;
  #tried = { instruction: -1, times: 0 };

  /** Loads the program, ready for its first instruction. @throws KernelUsageError, one line, where the file cannot be run */
  constructor(options: UserOptions) {
    this.#options = options;
    this.executable = parseExecutable(options.elf);
    const { endian, segments } = this.executable;
    const { cpu: model = "power9", ramBytes = 256 * 2 ** 20, engine = "auto" } = options;
    this.cpu = new Cpu({ model, endian, engine, ramBytes, interrupts: "host" });
    this.#space = new AddressSpace(this.cpu);
    for (const segment of segments) this.#space.load(segment);
    const end = Math.max(...segments.map((s) => s.address + s.bytes));
    this.#heapStart = Math.ceil(end / USER_PAGE) * USER_PAGE;
    if (this.#heapStart > STACK_TOP - STACK_BYTES) {
      throw new KernelUsageError("ELF file with a segment where the stack has to be");
    }
    this.#break = this.#heapStart;
    this.#heap = this.#space.addRange(this.#heapStart, this.#heapStart);
    this.#start(model);
  }

  /** Runs to the program's end, a fault, or `maxInsns` instructions. */
  run(maxInsns = Infinity): UserEnd {
    const { cpu } = this;
    const end = cpu.instructions + maxInsns;
    for (;;) {
      const budget = Math.min(SLICE, end - cpu.instructions);
      if (budget <= 0) {
        const detail = `stopped after ${maxInsns} instructions`;
        return { reason: "max-insns", exitCode: null, detail };
      }
      const stop = cpu.run(budget);
      if (stop.reason === "max-insns") continue;
      const ended = stop.reason === "interrupt" ? this.#interrupt(stop) : fault(detailOf(stop));
      if (ended !== undefined) return ended;
    }
  }

  #start(model: CpuModel): void {
    const { cpu, executable } = this;
    const { state } = cpu;
    const { args, env = [], seed = 0 } = this.#options;
    const random = new Random(seed);
    const bytes = Uint8Array.from({ length: 16 }, () => random.below(256));
    const stack = initialStack(STACK_TOP, { executable, model, args, env, random: bytes });
    if (stack.data.length > STACK_BYTES / 2) throw new KernelUsageError("arguments are too long");
    this.#space.addRange(STACK_TOP - STACK_BYTES, STACK_TOP);
    this.#space.write(stack.pointer, stack.data);
    const { entry, abi, endian } = executable;
    state.nia = entry;
    state.setGpr(1, u64(stack.pointer));
    state.setGpr(12, entry);
    if (abi === "elfv1") {
      const descriptor = this.#space.read(entry, 16);
      if (descriptor.length < 16)
        throw new KernelUsageError(`ELF file with its entry ${hex64(entry)} nowhere`);
      const view = new DataView(descriptor.buffer);
      const little = endian === "le";
      const half = (at: number): number => view.getInt32(at, little);
      const word = (at: number): U64 =>
        little ? fromHalves(half(at + 4), half(at)) : fromHalves(half(at), half(at + 4));
      state.nia = word(0);
      state.setGpr(2, word(8));
    }
    const msr = msrBits("SF", "HV", "EE", "PR", "ME", "IR", "DR", "RI");
    state.msr = endian === "le" ? msr.or(msrBits("LE")) : msr;
  }

  #interrupt(stop: Extract<Stop, { reason: "interrupt" }>): UserEnd | undefined {
    const { cpu } = this;
    const { vector, srr0, srr1, dsisr = 0 } = stop;
    if (vector === 0xc00) {
      cpu.state.nia = srr0;
      return this.#systemCall();
    }
    const isFetch = vector === 0x400 || vector === 0x480;
    const ea = isFetch ? srr0 : stop.dar;
    const mayTry = this.#attempts(cpu.instructions) < MOST_ATTEMPTS;
    if (mayTry && ea !== undefined && this.#space.resolve(vector, ea, isFetch ? srr1.low : dsisr)) {
      // The attempt that failed has been counted.
      cpu.state.instructions--;
      return undefined;
    }
    return fault(`${signalOf(vector, srr1)}: ${detailOf(stop)} at ${hex64(srr0)}`);
  }

  /** How often the instruction with this number has been tried before. */
  #attempts(instruction: number): number {
    const times = this.#tried.instruction === instruction ? this.#tried.times + 1 : 0;
    this.#tried = { instruction, times };
    return times;
  }

  #systemCall(): UserEnd | undefined {
    const { state } = this.cpu;
    const number = state.gpr(0);
    switch (number.high === 0 ? number.low : -1) {
      case 1:
      case 234:
        return { reason: "exit", exitCode: state.gpr(3).low & 0xff };
      case 4:
        this.#return(this.#write(state.gpr(3), state.gpr(4), state.gpr(5)));
        return undefined;
      case 45:
        this.#return(this.#setBreak(state.gpr(3)));
        return undefined;
      default: {
        const name = number.high === 0 ? syscallName(number.low >>> 0) : undefined;
        const which = name === undefined ? "of no name" : name;
        return fault(
          `system call ${number.toString()} (${which}) is not modelled: there are write, exit, exit_group, brk`,
        );
      }
    }
  }

  /** r3 and CR0[SO]: a negative result is an errno [Linux Documentation/arch/powerpc/syscall64-abi.rst]. */
  #return(result: number): void {
    const { state } = this.cpu;
    const failed = result < 0;
    state.setGpr(3, u64(Math.abs(result)));
    state.setCrField(0, (state.crField(0) & 0xe) | (failed ? 1 : 0));
  }

  #write(fd: U64, buffer: U64, count: U64): number {
    const { stdout, stderr = stdout } = this.#options;
    const sink = fd.low === 1 ? stdout : fd.low === 2 ? stderr : undefined;
    if (sink === undefined) return -EBADF;
    const wanted = count.gt(MOST_WRITTEN) ? MOST_WRITTEN : count.toNumber();
    let written = 0;
    while (written < wanted) {
      const chunk = Math.min(CHUNK, wanted - written);
      const data = this.#space.read(buffer.add(written), chunk);
      if (data.length > 0) sink(data);
      written += data.length;
      if (data.length < chunk) break;
    }
    return written === 0 && wanted > 0 ? -EFAULT : written;
  }

  /** The break as it is afterwards, which is how brk says no. @linux mm/mmap.c brk */
  #setBreak(wanted: U64): number {
    const address = wanted.high >>> 15 === 0 ? wanted.toNumber() : Infinity;
    const end = Math.ceil(address / USER_PAGE) * USER_PAGE;
    const more = end - this.#heap.end * USER_PAGE;
    const fits = end <= STACK_TOP - STACK_BYTES && more / USER_PAGE <= this.#space.freePages;
    if (address >= this.#heapStart && fits) {
      this.#space.setEnd(this.#heap, end);
      this.#break = address;
    }
    return this.#break;
  }
}

function fault(detail: string): UserEnd {
  return { reason: "fault", exitCode: null, detail };
}

function detailOf(stop: Stop): string {
  return "detail" in stop ? stop.detail : stop.reason;
}

/** The signal that Linux would send. */
function signalOf(vector: number, srr1: U64): string {
  if (vector === 0x600) return "SIGBUS";
  if (vector === 0x700 && (srr1.low & 0x0002_0000) !== 0) return "SIGTRAP";
  return [0x300, 0x380, 0x400, 0x480].includes(vector) ? "SIGSEGV" : "SIGILL";
}
