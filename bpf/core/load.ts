// From a checked program to functions that can be run or compiled: contexts, divisions and packet loads rewritten, addresses
// of maps and helpers put in, one list of instructions for each function.
import type { U64 } from "../../word/long.ts";
import { ZERO } from "../../word/long.ts";
import type { LinkedFunction, LinkedProgram } from "../elf/types.ts";
import { packetLoadHelpers } from "../helpers/packet.ts";
import { insn as make, isLdImm64, isPseudoCall, slotsOf, type Insn } from "../insn.ts";
import { BpfLoadError } from "../load-error.ts";
import type { BpfMap } from "../maps/map.ts";
import * as op from "../opcodes.ts";
import { contextAccess } from "../types/access.ts";
import type { ProgramType } from "../types/type.ts";
import type { Checked } from "../verifier/checked.ts";
import { VerifierError } from "../verifier/error.ts";
import { callPacketLoad, guardDivision, isPacketLoad, maskShift } from "./fixups.ts";
import { patch } from "./patch.ts";
import type { CallSite } from "./encoding/encoding.ts";
import { POISON_CALL_KFUNC_BASE } from "./kfuncs.ts";
import type { BpfFunction, BpfFunctionAux } from "./prog.ts";

/** The whole program after rewriting, as BPF_OBJ_GET_INFO_BY_FD shows it. */
export interface Xlated {
  /**
   * LD_IMM64 of maps: src BPF_PSEUDO_MAP_FD or BPF_PSEUDO_MAP_VALUE, imm the map's id. Calls of functions: off the distance,
   * imm the callee's index. Calls of helpers: imm = address - __bpf_call_base. Calls of other functions of the kernel: imm the
   * function's number, off its module's place.
   */
  readonly insns: readonly Insn[];
  /** For every slot the one in the LinkedProgram that it came from. */
  readonly origin: readonly number[];
  readonly functions: readonly LinkedFunction[];
}

/** A function whose image's address comes later. */
export interface LoadedFunction extends BpfFunction {
  insns: readonly Insn[];
}

export interface Addresses {
  /** `imm` of a call of the helper with this number; undefined where there is none. */
  readonly helperImm: (id: number) => number | undefined;
  /** In the order of the program's maps. */
  readonly maps: readonly BpfMap[];
}

/** Rewrites what depends on the program type and on the CPU's division. Throws VerifierError, BpfLoadError. */
export function rewrite(
  program: LinkedProgram,
  checked: Pick<Checked, "contextAccesses" | "functions" | "reached">,
  type: ProgramType | undefined,
  { helperImm, maps }: Addresses,
): Xlated {
  const replacements = new Map<number, readonly Insn[]>();
  const helperCall = (id: number, at: number): number => {
    const imm = helperImm(id);
    if (imm === undefined)
      throw new VerifierError({ errno: "EINVAL", message: `invalid func unknown#${id}`, insn: at });
    return imm;
  };
  forEachInsn(program.insns, (i, at) => {
    if (type !== undefined && checked.contextAccesses.has(at))
      replacements.set(at, type.convert(contextAccess(i, at), program.endian));
    else if (isPacketLoad(i)) replacements.set(at, packetLoad(i, at, { type, helperCall }));
    else {
      const guarded = guardDivision(i) ?? maskShift(i);
      if (guarded !== undefined) replacements.set(at, guarded);
      else if (isPoison(i) && checked.reached?.has(at) === false) replacements.set(at, [NEVER]);
      else if (isHelperCall(i)) replacements.set(at, [make(i.code, { ...i, imm: helperCall(i.imm, at) })]);
    }
  });
  const { insns, origin, position } = patch(program.insns, replacements);
  const functions = checked.functions.map(({ name, start, length }) => {
    const from = position[start] ?? 0;
    return { name, start: from, length: (position[start + length] ?? insns.length) - from };
  });
  return { insns: describe(insns, functions, maps), origin, functions };
}

function packetLoad(
  i: Insn,
  at: number,
  surroundings: {
    readonly type: ProgramType | undefined;
    readonly helperCall: (id: number, at: number) => number;
  },
): readonly Insn[] {
  const bytes = op.bytesOf(i.code);
  if (surroundings.type?.packetLoads !== true || bytes === 8)
    throw new VerifierError({
      errno: "EINVAL",
      message: "BPF_LD_[ABS|IND] instructions not allowed for this program type",
      insn: at,
    });
  return callPacketLoad(i, surroundings.helperCall(packetLoadHelpers[bytes].id, at));
}

const isHelperCall = ({ code, src }: Insn): boolean =>
  code === (op.BPF_JMP | op.BPF_CALL) && src === op.BPF_HELPER_CALL;

/** A call of a function that there is not, which may stand in code that nothing reaches. */
const isPoison = (i: Insn): boolean => isHelperCall(i) && i.imm >= POISON_CALL_KFUNC_BASE;

/** A jump to itself, in place of what is never executed. @linux kernel/bpf/verifier.c sanitize_dead_code */
const NEVER = make(op.BPF_JMP | op.BPF_JA, { off: -1 });

function forEachInsn(insns: readonly Insn[], visit: (i: Insn, at: number) => void): void {
  for (let at = 0; at < insns.length;) {
    const i = insns[at];
    if (i === undefined) return;
    visit(i, at);
    at += slotsOf(i);
  }
}

/** Puts map ids and callees' indexes where dumps have them. */
function describe(
  insns: readonly Insn[],
  functions: readonly LinkedFunction[],
  maps: readonly BpfMap[],
): readonly Insn[] {
  const out = [...insns];
  forEachInsn(insns, (i, at) => {
    if (isPseudoCall(i)) {
      const callee = functions.findIndex(({ start }) => start === at + 1 + i.imm);
      if (callee < 0)
        throw new BpfLoadError(`insn ${at}: call of slot ${at + 1 + i.imm}, where no function starts`);
      out[at] = make(i.code, { ...i, off: i.imm, imm: callee });
    } else if (isLdImm64(i) && i.src !== 0) {
      if (i.src !== op.BPF_PSEUDO_MAP_FD && i.src !== op.BPF_PSEUDO_MAP_VALUE)
        throw new BpfLoadError(`insn ${at}: 64-bit load with src ${i.src} is not supported`);
      out[at] = make(i.code, { ...i, imm: mapOf(i, at, maps).id });
    }
  });
  return out;
}

function mapOf(i: Insn, at: number, maps: readonly BpfMap[]): BpfMap {
  const map = maps[i.imm];
  if (map === undefined) throw new BpfLoadError(`insn ${at}: no map ${i.imm}`, "EBADF");
  return map;
}

/** Splits into functions and puts addresses in; the images' addresses are not known yet. */
export function split(
  xlated: Xlated,
  checked: Pick<Checked, "functions">,
  maps: readonly BpfMap[],
  calls: Pick<BpfFunctionAux, "callEncoding" | "functionById" | "kernelFunction"> & {
    readonly firstId: number;
  },
): readonly LoadedFunction[] {
  const byId = new Map(maps.map((map) => [map.id, map]));
  const func: LoadedFunction[] = [];
  const { firstId, ...naming } = calls;
  const several = xlated.functions.length > 1;
  const aux: BpfFunctionAux = {
    func,
    funcCnt: several ? xlated.functions.length : 0,
    ...naming,
  };
  xlated.functions.forEach(({ name, start, length }, index) => {
    const insns = withAddresses(xlated.insns.slice(start, start + length), byId);
    const stackDepth = checked.functions[index]?.stackDepth ?? op.MAX_BPF_STACK;
    func.push({
      name,
      index,
      id: firstId + index,
      insns,
      stackDepth,
      verifierZext: false,
      aux,
      bpfFunc: ZERO,
      callees: [],
    });
  });
  return func;
}

function withAddresses(insns: readonly Insn[], maps: ReadonlyMap<number, BpfMap>): readonly Insn[] {
  const out = [...insns];
  forEachInsn(insns, (i, at) => {
    if (isPseudoCall(i)) out[at] = make(i.code, { ...i, off: i.imm, imm: 0 });
    else if (isLdImm64(i) && i.src !== 0) {
      const address = addressOf(i, insns[at + 1]?.imm ?? 0, maps.get(i.imm));
      out[at] = make(i.code, { dst: i.dst, imm: address.low });
      out[at + 1] = make(0, { imm: address.high });
    }
  });
  return out;
}

function addressOf(i: Insn, offset: number, map: BpfMap | undefined): U64 {
  if (map === undefined) throw new Error(`no map with id ${i.imm}`);
  if (i.src === op.BPF_PSEUDO_MAP_FD) return map.address;
  const address = map.directValue(offset >>> 0);
  if (address === undefined)
    throw new BpfLoadError(`map "${map.definition.name}": no direct value at offset ${offset >>> 0}`);
  return address;
}

/**
 * Once every function has an image: the fields of each call of a function, for the JIT.
 * @throws BpfLoadError where the encoding does not reach a callee
 * @linux kernel/bpf/verifier.c jit_subprogs
 */
export function encodeCalls(functions: readonly LoadedFunction[], xlated: Xlated, bpfCallBase: U64): void {
  functions.forEach((fn, index) => {
    const start = xlated.functions[index]?.start ?? 0;
    fn.insns = fn.insns.map((i, at) => {
      if (!isPseudoCall(i)) return i;
      const site = callSite(functions, fn, xlated.insns[start + at] ?? i, bpfCallBase);
      return make(i.code, { ...i, ...fn.aux.callEncoding.encode(site) });
    });
  });
}

/** @param described the call as Xlated has it */
function callSite(
  functions: readonly BpfFunction[],
  fn: BpfFunction,
  described: Insn,
  bpfCallBase: U64,
): CallSite {
  const callee = functions[described.imm];
  if (callee === undefined) throw new Error(`${fn.name} calls function ${described.imm}, which is not there`);
  return { fn, callee, distance: described.off, bpfCallBase };
}
