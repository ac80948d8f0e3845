// `pcrel`: POWER10's pla makes the address from the instruction's own. [Power ISA v3.1B I 1.6.3, 3.3.8]
// A prefixed instruction must not cross a 64-byte boundary: a nop goes before one that would.
import { u64, type U64 } from "../../word/long.ts";
import { ld, nop, paddi, pla, PREFIXED_WORDS, reachesPrefixed, type Words, WORD_BYTES } from "../ppc.ts";
import { CALL_TARGET, PACA } from "../registers.ts";
import { calleeValue, enter } from "./enter.ts";
import { type Call, type CallMachine, type CallSequenceKind, cannot, distance } from "./sequence.ts";

/** What prefixed instructions must not cross, in bytes. */
const PREFIX_BOUNDARY = 64;

/** The nop that a prefixed instruction at `address` needs before it, if any. */
function alignment(address: U64): Words {
  return (address.low & (PREFIX_BOUNDARY - 1)) === PREFIX_BOUNDARY - WORD_BYTES ? [nop()] : [];
}

/** @throws JitError where the processor has no prefixed instructions */
function mustHavePrefixes(call: Call, { cpu }: CallMachine): void {
  if (cpu !== "power10") throw cannot("ENOTSUPP", call, "pla", `${cpu} has no prefixed instructions`);
}

/** The address into r12, as pla counts it; undefined where 34 bits do not reach. */
function plaWords(call: Call, value: U64): Words | undefined {
  const before = alignment(call.from);
  const bytes = distance(call.from.add(u64(before.length * WORD_BYTES)), value);
  return reachesPrefixed(bytes) ? [...before, ...pla(CALL_TARGET, bytes)] : undefined;
}

const TOO_FAR = "more than 8 GiB";

/** JitError ENOTSUPP before POWER10, ERANGE where a callee is more than 8 GiB away. */
export const pcrel: CallSequenceKind<"pcrel"> = {
  name: "pcrel",
  summary: "pla r12; mtctr; bctrl; a nop where the prefix would cross 64 bytes",
  legal: "power10, callees within 8 GiB",
  create: (machine) => ({
    maxWords: (callee) => 1 + PREFIXED_WORDS + enter(CALL_TARGET, callee, machine).length,
    maxStubWords: () => 0,
    words(call) {
      mustHavePrefixes(call, machine);
      const value = calleeValue(call, machine);
      const load = plaWords(call, value);
      if (load === undefined) throw cannot("ERANGE", call, "pla", TOO_FAR, value);
      return [...load, ...enter(CALL_TARGET, call, machine)];
    },
  }),
};

/** The kernel's functions from the start of the kernel, as Linux's PCREL kernels call them; those of modules by pla. */
export const helperPcrel: CallSequenceKind<"pcrel"> = {
  name: "pcrel",
  summary: "ld r12,kernelbase(r13); paddi, or for a module's function pla; mtctr; bctrl",
  legal: "power10, functions within 8 GiB of the kernel or of the image",
  create: (machine) => ({
    maxWords: (callee) => 2 + PREFIXED_WORDS + enter(CALL_TARGET, callee, machine).length,
    maxStubWords: () => 0,
    words(call) {
      mustHavePrefixes(call, machine);
      const value = calleeValue(call, machine);
      const load = fromKernelBase(call, value, machine) ?? plaWords(call, value);
      if (load === undefined)
        throw cannot("ERANGE", call, "paddi and pla", `${TOO_FAR} from the kernel and from here`, value);
      return [...load, ...enter(CALL_TARGET, call, machine)];
    },
  }),
};

function fromKernelBase(call: Call, value: U64, machine: CallMachine): Words | undefined {
  const bytes = distance(machine.kernelBase, value);
  if (!reachesPrefixed(bytes)) return undefined;
  return [
    ld(CALL_TARGET, machine.pacaKernelBase, PACA),
    ...alignment(call.from.add(u64(WORD_BYTES))),
    ...paddi(CALL_TARGET, CALL_TARGET, bytes),
  ];
}
