// What a process finds on its stack: argc, argv, envp, the auxiliary vector, and the strings they point to.
// Addresses are those of the stack's final place.
import { u64 } from "../../word/long.ts";
import type { CpuModel } from "../../cpu/isa/row.ts";
import type { Executable } from "./executable.ts";
import { USER_PAGE } from "./address-space.ts";

/** Bytes for the stack's top, and the address r1 gets. */
export interface InitialStack {
  readonly pointer: number;
  readonly data: Uint8Array;
}

const AT = {
  NULL: 0,
  PHDR: 3,
  PHENT: 4,
  PHNUM: 5,
  PAGESZ: 6,
  BASE: 7,
  FLAGS: 8,
  ENTRY: 9,
  UID: 11,
  EUID: 12,
  GID: 13,
  EGID: 14,
  PLATFORM: 15,
  HWCAP: 16,
  CLKTCK: 17,
  SECURE: 23,
  RANDOM: 25,
  HWCAP2: 26,
  EXECFN: 31,
};

/** 64-bit, 32-bit, MMU, ISA 2.06; no floating point, no vectors [Linux 6.12 arch/powerpc/include/uapi/asm/cputable.h]. */
const HWCAP = 0xc400_0100;
/** ISA 2.07, 3.00, 3.1. */
const HWCAP2 = { power8: 0x8000_0000, power9: 0x8080_0000, power10: 0x8084_0000 };

export interface StartOptions {
  readonly executable: Executable;
  readonly model: CpuModel;
  /** argv, the program's name first. */
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** 16 bytes that AT_RANDOM points to. */
  readonly random: Uint8Array;
}

/** @param top address behind the stack, a multiple of 16 */
export function initialStack(top: number, options: StartOptions): InitialStack {
  const { executable, model, args, env, random } = options;
  const encoder = new TextEncoder();
  const zeroTerminated = (text: string): Uint8Array => encoder.encode(`${text}\0`);
  const blobs: { readonly address: number; readonly data: Uint8Array }[] = [];
  let free = top - 16;
  const place = (data: Uint8Array, align = 1): number => {
    free = Math.floor((free - data.length) / align) * align;
    blobs.push({ address: free, data });
    return free;
  };
  const envp = env.map((text) => place(zeroTerminated(text)));
  const argv = args.map((text) => place(zeroTerminated(text)));
  const platform = place(zeroTerminated(model));
  const randomAt = place(random, 16);
  const entry = executable.entry;
  const auxv = [
    [AT.PHDR, executable.phdr],
    [AT.PHENT, executable.phentsize],
    [AT.PHNUM, executable.phnum],
    [AT.PAGESZ, USER_PAGE],
    [AT.BASE, 0],
    [AT.FLAGS, 0],
    [AT.ENTRY, (entry.high >>> 0) * 2 ** 32 + (entry.low >>> 0)],
    [AT.UID, 0],
    [AT.EUID, 0],
    [AT.GID, 0],
    [AT.EGID, 0],
    [AT.SECURE, 0],
    [AT.CLKTCK, 100],
    [AT.HWCAP, HWCAP],
    [AT.HWCAP2, HWCAP2[model]],
    [AT.RANDOM, randomAt],
    [AT.PLATFORM, platform],
    [AT.EXECFN, argv[0] ?? 0],
    [AT.NULL, 0],
  ];
  const words = [args.length, ...argv, 0, ...envp, 0, ...auxv.flat()];
  const pointer = Math.floor((free - 8 * words.length) / 16) * 16;
  const data = new Uint8Array(top - pointer);
  const view = new DataView(data.buffer);
  const little = executable.endian === "le";
  words.forEach((word, i) => {
    const value = u64(word);
    view.setInt32(8 * i + (little ? 0 : 4), value.low, little);
    view.setInt32(8 * i + (little ? 4 : 0), value.high, little);
  });
  for (const blob of blobs) data.set(blob.data, blob.address - pointer);
  return { pointer, data };
}
