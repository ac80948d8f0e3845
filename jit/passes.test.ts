// Whatever the program, the places of its images and the sequence: passes agree, nothing is longer than sized, jumps go to their
// instructions, calls arrive and come back. A failing seed is printed; FARCALL_FUZZ_RUNS is the number of programs for each case.
// What calls compute is followed by test/call-target.ts, not by the JIT's own arithmetic.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Insn, isLdImm64, jumpTarget } from "../bpf/insn.ts";
import {
  BPF_CALL,
  BPF_EXIT,
  BPF_JA,
  BPF_JMP,
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_KFUNC_CALL,
  isJumpClass,
  operationOf,
} from "../bpf/opcodes.ts";
import type { CalledFunction } from "../bpf/core/kfuncs.ts";
import type { CpuModel } from "../cpu/isa/row.ts";
import { fromHalves, hex64, parseU64, u64, type U64, ZERO } from "../word/long.ts";
import { callSequences } from "./call/sequences.ts";
import { helperSequences } from "./call/helper-sequences.ts";
import type { PassLog } from "./compile.ts";
import { JitError } from "./error.ts";
import { BPF_TAIL_CALL } from "./frame.ts";
import { type JitedFunction, type JitedProgram, jitProgram } from "./program.ts";
import type { JitTarget } from "./target.ts";
import { asm } from "./test/asm.ts";
import { type CallSurroundings, callTarget } from "./test/call-target.ts";
import { functionsOf, RecordingMemory, seenTarget } from "./test/fixtures.ts";
import { randomCalls, randomPlaces } from "./test/random-calls.ts";

const runs = Number(process.env["FARCALL_FUZZ_RUNS"] ?? 25);

/** Global entry points of the helpers, far enough in the kernel's text to be reached by `bl` from some images only. */
const HELPERS = [fromHalves(0xc000_0000, 0x0033_3000), fromHalves(0xc000_0000, 0x00aa_0000)];
const helperImms = HELPERS.map((helper) => helper.sub(seenTarget.bpfCallBase).toSigned().toNumber());
/**
 * By their numbers: of a module in vmalloc with a TOC of its own, and with none; of the kernel. Arguments of each width: words before a
 * call.
 */
const MODULE = fromHalves(0xd000_0000, 0x1050_0000);
const MODULE_TOC = MODULE.add(0x8000);
const kfuncs = new Map<number, Pick<CalledFunction, "address" | "entries" | "args">>([
  [1, { address: MODULE, entries: { global: MODULE, local: MODULE.add(8) }, args: [] }],
  [2, { address: MODULE, entries: { global: MODULE, local: MODULE }, args: [{ bytes: 4, isSigned: true }] }],
  [
    3,
    {
      address: fromHalves(0xc000_0000, 0x0055_0000),
      entries: undefined,
      args: [
        { bytes: 1, isSigned: false },
        { bytes: 2, isSigned: true },
      ],
    },
  ],
]);
/** As programs know them: ELFv1 has a descriptor of a module's function elsewhere. */
const kernelFunction =
  ({ abi }: JitTarget) =>
  ({ imm }: Pick<Insn, "imm">): CalledFunction | undefined => {
    const kfunc = kfuncs.get(imm);
    if (kfunc === undefined) return undefined;
    const isDescribed = abi === "elfv1" && kfunc.entries !== undefined;
    return {
      name: `kfunc${imm}`,
      ...kfunc,
      ...(isDescribed ? { address: kfunc.address.add(DESCRIPTOR) } : {}),
    };
  };
/** Programs that call everything, the kernel's functions only, modules' only: the last may be reached where the kernel is not. */
const callees = [
  { helpers: helperImms, kfuncs: [1, 2, 3] },
  { helpers: helperImms, kfuncs: [3] },
  { helpers: [], kfuncs: [1, 2] },
  { helpers: [], kfuncs: [2] },
];
/** Bytes from a module's function to its descriptor. */
const DESCRIPTOR = 0x10_0000;

const PACA = fromHalves(0xc000_0000, 0x0fff_0000);
/** Where an ELFv1 helper's code is, by its descriptor: somewhere else. */
const CODE_BEHIND_DESCRIPTOR = 0x10_0000;

function makeTarget(
  sequences: Pick<JitTarget, "callSequence" | "helperSequence">,
  abi: JitTarget["abi"],
  cpu: CpuModel,
): JitTarget {
  const local = abi === "elfv1" ? CODE_BEHIND_DESCRIPTOR : 8;
  return {
    ...seenTarget,
    ...sequences,
    abi,
    endian: abi === "elfv1" ? "be" : "le",
    cpu,
    localEntry: (address) => address.add(u64(local)),
  };
}

const signed = (value: U64): bigint => BigInt.asIntN(64, BigInt(value.toString()));
const apart = (from: U64, to: U64): bigint => signed(to.sub(from));
const within = (bytes: bigint, bits: bigint): boolean =>
  bytes >= -(1n << (bits - 1n)) && bytes < 1n << (bits - 1n);

/** What a call may find in memory and registers. */
function surroundings(target: JitTarget, memory: RecordingMemory): CallSurroundings {
  const fixed = new Map<string, U64>([
    [hex64(PACA.add(target.pacaKernelToc)), target.kernelToc],
    [hex64(PACA.add(target.pacaKernelBase)), target.kernelBase],
  ]);
  const described = (at: U64, code: U64, toc: U64): void => {
    fixed.set(hex64(at), code).set(hex64(at.add(8)), toc);
  };
  if (target.abi === "elfv1") {
    for (const helper of HELPERS) described(helper, target.localEntry(helper), target.kernelToc);
    for (const { address, entries } of kfuncs.values())
      if (entries === undefined) described(address, target.localEntry(address), target.kernelToc);
      else described(address.add(DESCRIPTOR), entries.global, MODULE_TOC);
  }
  return {
    gprs: new Map([
      [2, target.kernelToc],
      [13, PACA],
    ]),
    load(address) {
      for (const { address: table, bytes } of memory.tables) {
        const offset = address.sub(table);
        if (offset.high !== 0 || offset.low >>> 0 >= bytes) continue;
        const view = new DataView(memory.written.get(table.toString(16))?.buffer ?? new ArrayBuffer(bytes));
        return u64FromBytes(view, offset.low, target.endian === "le");
      }
      return fixed.get(hex64(address));
    },
  };
}

function u64FromBytes(view: DataView, at: number, little: boolean): U64 {
  const [low, high] = little ? [at, at + 4] : [at + 4, at];
  return fromHalves(view.getUint32(high, little), view.getUint32(low, little));
}

/** Where a function may be entered, and what GPRs must hold there. */
interface Entry {
  readonly at: U64;
  readonly needs: readonly (readonly [gpr: number, value: U64])[];
}

/** By the ABIs: a global entry point computes its TOC from r12, a local one and ELFv1's code find it in r2. */
function entriesOf({ src, off, imm }: Insn, { target, jited }: Made): readonly Entry[] {
  const isElfv2 = target.abi === "elfv2";
  const kernels = [[2, target.kernelToc]] as const;
  if (src === BPF_PSEUDO_CALL) {
    const code = jited.functions[off]?.code ?? ZERO;
    // ELFv2 loads the kernel's TOC in its first word.
    return isElfv2
      ? [
          { at: code, needs: [] },
          { at: code.add(4), needs: kernels },
        ]
      : [{ at: code, needs: kernels }];
  }
  const kfunc = src === BPF_PSEUDO_KFUNC_CALL ? kfuncs.get(imm) : undefined;
  const pointer = kfunc?.address ?? target.bpfCallBase.add(u64(imm));
  const { global, local } = kfunc?.entries ?? { global: pointer, local: target.localEntry(pointer) };
  const own = kfunc?.entries === undefined ? kernels : ([[2, MODULE_TOC]] as const);
  if (!isElfv2) return [{ at: kfunc?.entries === undefined ? local : global, needs: own }];
  return local.eq(global)
    ? [{ at: global, needs: [] }]
    : [
        { at: global, needs: [[12, global]] },
        { at: local, needs: own },
      ];
}

/** Every call of a function arrives at an entry of its callee that it prepared for, and comes back to the copy of the result. */
function checkCalls(fn: JitedFunction, insns: readonly Insn[], log: PassLog, made: Made): void {
  for (const { slot, offset, words } of log.calls) {
    const where = `call at ${slot}`;
    expect(fn.words.slice(offset / 4, offset / 4 + words.length), where).toEqual(words);
    expect(words.at(-1), where).toBe(asm("mr r8,r3")[0]);
    const code = { address: fn.code, words: fn.words };
    const { target, returnsTo, gprs } = callTarget(code, offset / 4, surroundings(made.target, made.memory));
    const insn = insns[slot];
    if (insn === undefined) throw new Error(where);
    const entry = entriesOf(insn, made).find(({ at }) => at.eq(target));
    expect(entry, `${where} goes to ${hex64(target)}`).toBeDefined();
    for (const [gpr, value] of entry?.needs ?? [])
      expect([where, gpr, gprs.get(gpr)]).toEqual([where, gpr, value]);
    const isModule = insn.src === BPF_PSEUDO_KFUNC_CALL && kfuncs.get(insn.imm)?.entries !== undefined;
    checkReturn(fn, returnsTo, offset / 4 + words.length - 1, isModule);
  }
}

/** From where a call comes back to, nops and a branch over them lead to the copy; r2 is loaded once if a module may have changed it. */
function checkReturn({ words, code }: JitedFunction, returnsTo: U64, copy: number, reloads: boolean): void {
  let at = returnsTo.sub(code).toNumber() / 4;
  let loads = 0;
  while (at < copy) {
    const word = words[at] ?? 0;
    if (word === asm("ld r2,16(r13)")[0]) loads++;
    else if (word >>> 26 === 18) at += ((word & 0x03ff_fffc) - 4) / 4;
    else expect(word).toBe(asm("nop")[0]);
    at++;
  }
  expect([at, loads]).toEqual([copy, reloads ? 1 : 0]);
}

/** Words of a function's instruction, and where each relative branch in them goes, in bytes from the function. */
function branchesOf({ words, insnOffsets, bytes }: JitedFunction, slot: number): readonly number[] {
  const start = (insnOffsets[slot] ?? 0) / 4;
  const end = (insnOffsets[slot + 1] ?? bytes) / 4;
  return words.slice(start, end).flatMap((word, i) => {
    const at = (start + i) * 4;
    if (word >>> 26 === 18) return [at + ((word << 6) >> 6) - (word & 3)];
    return word >>> 26 === 16 ? [at + ((word << 16) >> 16) - (word & 3)] : [];
  });
}

/** Jumps go to their instruction's code; exits to the epilogue or one like it. */
function checkJumps(fn: JitedFunction, insns: readonly Insn[]): void {
  for (let slot = 0; slot < insns.length; slot++) {
    const one = insns[slot];
    if (one === undefined) continue;
    const next = fn.insnOffsets[slot + 1];
    const branches = branchesOf(fn, slot).filter((to) => to !== next);
    if (isLdImm64(one)) slot++;
    else if (one.code === (BPF_JMP | BPF_TAIL_CALL)) expect(branches).toEqual([]);
    else if (one.code === (BPF_JMP | BPF_EXIT))
      expect(branches).toEqual(
        slot === insns.length - 1 ? [] : [fn.insnOffsets[insns.length]].filter((to) => to !== next),
      );
    else if (isJumpClass(one.code) && operationOf(one.code) !== BPF_CALL) {
      const to = fn.insnOffsets[jumpTarget(one, slot)];
      expect(branches, `jump at ${slot}`).toEqual(to === next ? [] : [to]);
      if (operationOf(one.code) === BPF_JA) expect(branchesOf(fn, slot)).toHaveLength(1);
    }
  }
}

/** No prefixed instruction of the code crosses 64 bytes. */
function checkPrefixes({ words, code }: JitedFunction): void {
  for (let at = 0; at < words.length; at++)
    if ((words[at] ?? 0) >>> 26 === 1) expect((code.low + 4 * at++) & 63, "prefix").not.toBe(60);
}

interface Made {
  readonly target: JitTarget;
  readonly jited: JitedProgram;
  readonly memory: RecordingMemory;
}

function check(program: readonly (readonly Insn[])[], made: Made): void {
  const { jited, memory, target } = made;
  const descriptor = target.abi === "elfv1" ? 24 : 0;
  jited.functions.forEach((fn, i) => {
    const insns = program[i] ?? [];
    const log = jited.passes.filter(({ index }) => index === fn.index);
    const last = log.at(-1);
    if (last === undefined) throw new Error("no pass");
    // `as` of what is one word less can only be told from what is one more by its sign.
    for (const { bytes } of log) expect(bytes + descriptor).toBeLessThanOrEqual(memory.sizes[i] ?? 0);
    expect(last).toMatchObject({ bytes: fn.bytes, shrink: 0, moved: [], round: 2 });
    checkJumps(fn, insns);
    checkCalls(fn, insns, last, made);
    checkPrefixes(fn);
  });
}

/**
 * That a refusal is right: the message has the call's and the other address, and these are too far apart; or the processor lacks
 * prefixes. `near` and its kin may be refused at one call while all others arrive.
 */
function checkRefusal({ errno, message }: JitError, { callSequence, helperSequence, cpu }: JitTarget): void {
  if (errno === "ENOTSUPP" && message.includes("TOC of its own")) {
    expect(helperSequence).toBe("near");
    expect(message).toContain("kfunc");
    return;
  }
  if (errno === "ENOTSUPP") {
    expect([callSequence, helperSequence]).toContain("pcrel");
    expect(cpu).not.toBe("power10");
    return;
  }
  expect(errno, message).toBe("ERANGE");
  const addresses = [...message.matchAll(/0x[0-9a-f]{16}/g)].map(([text]) => parseU64(text));
  const [from, to] = addresses;
  if (from === undefined || to === undefined) throw new Error(message);
  if (/^[^:]*: instruction \d+: bl at/.test(message)) {
    expect(within(apart(from, to), 26n), message).toBe(false);
    expect([callSequence, helperSequence]).toContain("near");
    return;
  }
  expect([callSequence, helperSequence], message).toContain("pcrel");
  // The nop before a prefix, if any, moves the instruction by one word.
  expect(within(apart(from, to), 34n) && within(apart(from.add(4), to), 34n), message).toBe(false);
}

const machines = [
  ["elfv2", "power9"],
  ["elfv1", "power8"],
  ["elfv2", "power10"],
] as const;

const cases = [
  ...callSequences.map(({ name }) => ({ callSequence: name, helperSequence: "toc-relative" as const })),
  ...helperSequences.map(({ name }) => ({ callSequence: "auto-shrink" as const, helperSequence: name })),
];

describe.each(cases)("calls $callSequence, helpers $helperSequence", (sequences) => {
  test.each(machines)("%s %s", (abi, cpu) => {
    const target = makeTarget(sequences, abi, cpu);
    let [compiled, refused] = [0, 0];
    // About kernel text, where helpers may be reached, and far from it.
    const bases = fc.constantFrom(fromHalves(0xc000_0000, 0x0100_0000), fromHalves(0xd000_0000, 0x1000_0000));
    const places = bases.chain((base) => randomPlaces(base, abi === "elfv1" ? 8 : 4));
    fc.assert(
      fc.property(randomCalls(callees), places, (program, placed) => {
        const memory = new RecordingMemory(placed);
        try {
          const jited = jitProgram(
            functionsOf(program, { kernelFunction: kernelFunction(target) }),
            target,
            memory,
          );
          check(program, { target, jited, memory });
          compiled++;
        } catch (error) {
          if (!(error instanceof JitError)) throw error;
          checkRefusal(error, target);
          refused++;
          expect(memory.freed).toHaveLength(program.length);
        }
      }),
      { numRuns: runs, interruptAfterTimeLimit: 50_000 },
    );
    const cannot = Object.values(sequences).includes("pcrel") && cpu !== "power10";
    expect(cannot ? refused : compiled).toBeGreaterThan(0);
  });
});
