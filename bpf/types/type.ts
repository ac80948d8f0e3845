// What a program type is: how its context is accessed and what a test run of it sets up. The types are in files of their own.
import type { U64 } from "../../word/long.ts";
import type { ProgType } from "../elf/types.ts";
import type { Errno } from "../errno.ts";
import type { Endian, Insn } from "../insn.ts";
import type { KernelMemory } from "../memory.ts";
import type { ContextAccess } from "./access.ts";
import { HostStruct } from "./structs.ts";

/** Bytes of an Ethernet header, the least packet of a test run. */
export const ETH_HLEN = 14;

/** A test run that Linux refuses. */
export class TestRunError extends Error {
  override readonly name = "TestRunError";
  readonly errno: Errno | "ENODEV";
  constructor(message: string, errno: Errno | "ENODEV" = "EINVAL") {
    super(message);
    this.errno = errno;
  }
}

export interface TestInput {
  /** The packet, from its Ethernet header on. */
  readonly data: Uint8Array;
  /** The context as user space knows it, in guest byte order; what is missing at its end is 0. */
  readonly ctx?: Uint8Array | undefined;
}

/** Context and packet of one test run, in guest memory. */
export interface TestContext {
  /** What goes into r1. */
  readonly address: U64;
  /** Packet and context as they are now; `ctx` only where the input had one. */
  output(): { readonly data: Uint8Array; readonly ctx: Uint8Array | undefined };
  /** Gives the guest memory back. */
  free(): void;
}

export interface ProgramType {
  readonly name: ProgType;
  /** Bytes of the context as user space knows it. */
  readonly contextBytes: number;
  /** Whether BPF_ABS and BPF_IND packet loads are permitted. */
  readonly packetLoads: boolean;
  /** The instructions that take the place of an access to the context. Throws VerifierError EACCES. */
  convert(access: ContextAccess, endian: Endian): readonly Insn[];
  /** Throws TestRunError for what BPF_PROG_TEST_RUN refuses. */
  open(memory: KernelMemory, input: TestInput): TestContext;
}

/** Throws TestRunError EINVAL unless `data` has ETH_HLEN to `most` bytes. */
export function checkPacket(data: Uint8Array, most: number): void {
  if (data.length < ETH_HLEN || data.length > most)
    throw new TestRunError(`a packet of ${data.length} bytes: ${ETH_HLEN} to ${most} can be run`);
}

/** `given` as a structure of `bytes` bytes; a longer one must have zeros there, else E2BIG. */
export function contextInput(given: Uint8Array, bytes: number, endian: Endian): HostStruct {
  if (given.subarray(bytes).some((byte) => byte !== 0))
    throw new TestRunError(`a context of ${given.length} bytes: more than ${bytes}`, "E2BIG");
  const whole = new Uint8Array(bytes);
  whole.set(given.subarray(0, bytes));
  return new HostStruct(whole, endian);
}
