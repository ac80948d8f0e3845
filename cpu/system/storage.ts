// System operations on memory: multiple, string and quadword accesses, cache blocks, caching-inhibited accesses.
// One that faults has changed nothing.
import { ZERO, fromHalves, type U64 } from "../../word/long.ts";
import { isInterrupt } from "../guest-memory.ts";
import { illegal, misaligned, type Interrupt } from "../interrupt.ts";
import type { SystemOperation } from "../isa/machine.ts";
import { refused, type Operations, type Outcome, type SystemContext } from "./context.ts";

/** Bytes of a cache block. */
export const CACHE_BLOCK = 128;

/** Multiple and string accesses have no little-endian form. [Power ISA v3.1B I 3.3.5, 3.3.6] */
function bigEndianOnly(context: SystemContext, ea: U64, what: string): Interrupt | undefined {
  return context.memory.little ? misaligned(ea, `${what} in little-endian mode`) : undefined;
}

/** Loads `bytes` bytes into the low words of RT, RT + 1, … (31 is followed by 0), four a register, the last filled up with zeros. */
function loadWords(context: SystemContext, RT: number, ea: U64, bytes: number): Outcome {
  const { memory, state } = context;
  const words = new Array<number>(Math.ceil(bytes / 4)).fill(0);
  for (let i = 0; i < bytes; i++) {
    const byte = memory.load(1, ea.add(i));
    if (isInterrupt(byte)) return byte;
    words[i >> 2] = (words[i >> 2] ?? 0) | (byte.low << (24 - 8 * (i & 3)));
  }
  words.forEach((word, i) => {
    state.setGpr((RT + i) & 31, fromHalves(0, word));
  });
  return undefined;
}

function storeWords(context: SystemContext, RS: number, ea: U64, bytes: number): Outcome {
  const { memory, state } = context;
  const places = memory.places(ea, bytes, "store");
  if (isInterrupt(places)) return places;
  places.forEach((place, i) => {
    const word = state.gpr((RS + (i >> 2)) & 31).low;
    state.view.setUint8(place, (word >>> (24 - 8 * (i & 3))) & 0xff);
  });
  return undefined;
}

/** A cache block instruction that must be able to read; in real mode nothing happens where there is no memory. */
function touch(context: SystemContext, ea: U64): Outcome {
  const place = context.memory.place(ea, "load");
  return isInterrupt(place) && place.vector !== 0x200 ? place : undefined;
}

/** Does the first register hold what comes second in memory? So it is in little-endian mode, but not of plq and pstq. [I 3.3.4] */
type Swapped = boolean;

function loadQuadword(context: SystemContext, RT: number, ea: U64, swapped: Swapped): Outcome {
  const { memory, state, word } = context;
  if ((RT & 1) === 1) return illegal(word, "odd register of a pair");
  const first = memory.load(8, ea);
  if (isInterrupt(first)) return first;
  const second = memory.load(8, ea.add(8));
  if (isInterrupt(second)) return second;
  state.setGpr(RT, swapped ? second : first);
  state.setGpr(RT + 1, swapped ? first : second);
  return undefined;
}

function storeQuadword(context: SystemContext, RS: number, ea: U64, swapped: Swapped): Outcome {
  const { memory, state, word } = context;
  if ((RS & 1) === 1) return illegal(word, "odd register of a pair");
  const places = memory.places(ea, 16, "store");
  if (isInterrupt(places)) return places;
  const pair = [state.gpr(RS), state.gpr(RS + 1)];
  if (swapped) pair.reverse();
  return memory.store(8, ea, pair[0] ?? ZERO) ?? memory.store(8, ea.add(8), pair[1] ?? ZERO);
}

type Name =
  | ("lmw" | "stmw" | "lswi" | "stswi" | "lswx" | "stswx" | "dcbz" | "dcbf" | "dcbst" | "icbi")
  | ("loadInhibited" | "storeInhibited" | "lq" | "stq" | "plq" | "pstq" | "lqarx" | "stqcx");

export const storageOperations: Operations<Extract<SystemOperation, Name>> = Object.freeze({
  lmw: (context, RT, ea) => bigEndianOnly(context, ea, "lmw") ?? loadWords(context, RT, ea, 4 * (32 - RT)),
  stmw: (context, RS, ea) => bigEndianOnly(context, ea, "stmw") ?? storeWords(context, RS, ea, 4 * (32 - RS)),
  lswi: (context, RT, ea, bytes) =>
    bigEndianOnly(context, ea, "lswi") ?? loadWords(context, RT, ea, bytes.low),
  stswi: (context, RS, ea, bytes) =>
    bigEndianOnly(context, ea, "stswi") ?? storeWords(context, RS, ea, bytes.low),
  lswx: (context, RT, ea) =>
    bigEndianOnly(context, ea, "lswx") ?? loadWords(context, RT, ea, context.state.xer.low & 127),
  stswx: (context, RS, ea) =>
    bigEndianOnly(context, ea, "stswx") ?? storeWords(context, RS, ea, context.state.xer.low & 127),
  dcbz: (context, ea) => {
    const start = fromHalves(ea.high, ea.low & -CACHE_BLOCK);
    const place = context.memory.place(start, "store");
    if (typeof place !== "number") return { ...place, dar: place.dar === undefined ? undefined : ea };
    new Uint8Array(context.state.memory.buffer, place, CACHE_BLOCK).fill(0);
    return undefined;
  },
  dcbf: touch,
  dcbst: touch,
  icbi: touch,
  loadInhibited: (context, bytes, RT, ea) => {
    const fault = refused(context, "hypervisor", "caching-inhibited load");
    if (fault !== undefined) return fault;
    const value = context.memory.load(bytes, ea);
    if (isInterrupt(value)) return value;
    context.state.setGpr(RT, value);
    return undefined;
  },
  storeInhibited: (context, bytes, s, ea) =>
    refused(context, "hypervisor", "caching-inhibited store") ?? context.memory.store(bytes, ea, s),
  lq: (context, RT, ea) => loadQuadword(context, RT, ea, context.memory.little),
  stq: (context, RS, ea) => storeQuadword(context, RS, ea, context.memory.little),
  plq: (context, RT, ea) => loadQuadword(context, RT, ea, false),
  pstq: (context, RS, ea) => storeQuadword(context, RS, ea, false),
  lqarx: (context, RT, ea) => {
    if ((ea.low & 15) !== 0) return misaligned(ea, "lqarx");
    const place = context.memory.place(ea, "load");
    if (typeof place !== "number") return place;
    const outcome = loadQuadword(context, RT, ea, context.memory.little);
    if (outcome === undefined) context.state.reservation = { place, bytes: 16 };
    return outcome;
  },
  stqcx: (context, RS, ea) => {
    const { memory, state } = context;
    if ((ea.low & 15) !== 0) return misaligned(ea, "stqcx.");
    const place = memory.place(ea, "store");
    if (typeof place !== "number") return place;
    const { reservation } = state;
    const stored = reservation?.place === place && reservation.bytes === 16;
    const outcome = stored ? storeQuadword(context, RS, ea, memory.little) : undefined;
    if (outcome !== undefined) return outcome;
    state.reservation = undefined;
    state.setCrField(0, (stored ? 2 : 0) | (state.flag("SO") ? 1 : 0));
    return undefined;
  },
});
