// What BPF_OBJ_GET_INFO_BY_FD tells of a program, and to whom: `struct bpf_prog_info` with the arrays it points to.
// DIVERGES(4.15): jited_ksyms, jited_func_lens and what came with BTF are there in every version; an interpreted program has none
// of them, where Linux gives one address, of its interpreter. What a tool makes of it is bpf/print/'s and cli/'s.
import { u64, type U64 } from "../word/long.ts";
import type { BpfFunction } from "../bpf/core/prog.ts";
import { progTypes } from "../bpf/elf/object.ts";
import { encodeInsns, insn as make, isPseudoCall, type Insn } from "../bpf/insn.ts";
import { isGplCompatible } from "../bpf/license.ts";
import * as op from "../bpf/opcodes.ts";
import type { Kernel } from "./kernel.ts";
import type { Program } from "./program.ts";

/** Who asks. */
export interface InfoViewer {
  /** CAP_BPF: without it there are no instructions, addresses and lines. */
  readonly capable: boolean;
  /** Whether kernel addresses may be seen. @linux kernel/kallsyms.c kallsyms_show_value, include/linux/filter.h bpf_dump_raw_ok */
  readonly rawOk: boolean;
}

/** Where a function starts. @linux include/uapi/linux/bpf.h struct bpf_func_info */
export interface BpfFuncInfo {
  /** Slot. */
  readonly insn_off: number;
  /** Number of its type in the program's BTF. */
  readonly type_id: number;
}

/** Where a line of source starts; strings in place of Linux's offsets into those of the BTF. @linux include/uapi/linux/bpf.h struct bpf_line_info */
export interface BpfLineInfo {
  /** Slot. */
  readonly insn_off: number;
  readonly file_name: string;
  readonly line: string;
  readonly line_num: number;
  readonly line_col: number;
}

/** Lengths in bytes; an array is undefined where the kernel sets its pointer to 0. @linux include/uapi/linux/bpf.h struct bpf_prog_info */
export interface BpfProgInfo {
  /** Index in `enum bpf_prog_type`. */
  readonly type: number;
  readonly id: number;
  /** 16 hex digits. */
  readonly tag: string;
  /** Nanoseconds since boot. */
  readonly load_time: U64;
  readonly created_by_uid: number;
  readonly map_ids: readonly number[];
  /** 15 characters at most. */
  readonly name: string;
  readonly gpl_compatible: boolean;
  readonly verified_insns: number;
  /** 0 where there is none. */
  readonly btf_id: number;
  readonly xlated_prog_len: number;
  /** Slots in guest byte order. */
  readonly xlated_prog_insns: Uint8Array | undefined;
  readonly jited_prog_len: number;
  /** The images of all functions one behind the other, in ELFv1 each with its descriptor. */
  readonly jited_prog_insns: Uint8Array | undefined;
  readonly nr_jited_ksyms: number;
  /** Address of each function's image: in ELFv1 of its descriptor. */
  readonly jited_ksyms: readonly U64[] | undefined;
  readonly nr_jited_func_lens: number;
  readonly jited_func_lens: readonly number[] | undefined;
  readonly nr_func_info: number;
  readonly func_info: readonly BpfFuncInfo[];
  readonly nr_line_info: number;
  readonly line_info: readonly BpfLineInfo[];
  readonly nr_jited_line_info: number;
  /** Address of each line's code. */
  readonly jited_line_info: readonly U64[] | undefined;
}

/** What the kernel keeps of a program beside what was loaded. */
export interface ProgramFacts {
  readonly kernel: Kernel;
  readonly uid: number;
  /** Nanoseconds since boot. */
  readonly loadTime: U64;
  readonly btfId: number;
}

/** BPF_OBJ_NAME_LEN without the terminating zero. */
const NAME_LENGTH = 15;

/** @linux kernel/bpf/syscall.c bpf_prog_get_info_by_fd */
export function progInfo(program: Program, facts: ProgramFacts, { capable, rawOk }: InfoViewer): BpfProgInfo {
  const { loaded, images, tag } = program;
  const about = {
    type: progTypes.indexOf(loaded.type),
    id: loaded.id,
    tag,
    load_time: facts.loadTime,
    created_by_uid: facts.uid,
    map_ids: program.maps.map(({ id }) => id),
    name: loaded.name.slice(0, NAME_LENGTH),
    gpl_compatible: isGplCompatible(loaded.linked.license),
    verified_insns: loaded.checked.processedInsns,
    btf_id: facts.btfId,
  };
  if (!capable) return { ...about, ...NOTHING };
  const { kernel } = facts;
  const xlated = encodeInsns(prepareDump(program, rawOk, kernel.text.bpfCallBase), kernel.endian);
  const lens = images.map((image) => image.bytes + image.code.sub(image.image).toNumber());
  const jitedBytes = lens.reduce((sum, bytes) => sum + bytes, 0);
  const funcs = funcInfo(program);
  const lines = lineInfo(program);
  const isJited = images.length > 0;
  const forEyes = <T>(value: () => T): T | undefined => (rawOk && isJited ? value() : undefined);
  return {
    ...about,
    xlated_prog_len: xlated.length,
    xlated_prog_insns: xlated,
    jited_prog_len: jitedBytes,
    jited_prog_insns: forEyes(() => imageBytes(program, lens, kernel)),
    nr_jited_ksyms: images.length,
    jited_ksyms: forEyes(() => images.map(({ image }) => image)),
    nr_jited_func_lens: images.length,
    jited_func_lens: forEyes(() => lens),
    nr_func_info: funcs.length,
    func_info: funcs,
    nr_line_info: lines.length,
    line_info: lines,
    nr_jited_line_info: isJited ? lines.length : 0,
    jited_line_info: forEyes(() => lines.map(({ insn_off }) => codeAddress(program, insn_off))),
  };
}

const NOTHING = {
  xlated_prog_len: 0,
  xlated_prog_insns: undefined,
  jited_prog_len: 0,
  jited_prog_insns: undefined,
  nr_jited_ksyms: 0,
  jited_ksyms: undefined,
  nr_jited_func_lens: 0,
  jited_func_lens: undefined,
  nr_func_info: 0,
  func_info: [],
  nr_line_info: 0,
  line_info: [],
  nr_jited_line_info: 0,
  jited_line_info: undefined,
} as const;

/**
 * The instructions for user space: calls of functions as their encoding shows them, without addresses for who may not see any.
 * @linux kernel/bpf/syscall.c bpf_insn_prepare_dump
 */
function prepareDump({ loaded, images }: Program, rawOk: boolean, bpfCallBase: U64): readonly Insn[] {
  const { insns } = loaded.xlated;
  const { functions } = loaded;
  return insns.map((i, slot) => {
    if (i.code !== (op.BPF_JMP | op.BPF_CALL)) return i;
    if (!isPseudoCall(i)) return rawOk ? i : make(i.code, { ...i, imm: 0 });
    // Until here `off` is the distance and `imm` the callee's index; interpreted programs show that.
    const [fn, callee] = [functionAt(loaded.xlated.functions, functions, slot), functions[i.imm]];
    if (fn === undefined || callee === undefined) throw new Error(`no function for the call in slot ${slot}`);
    const { callEncoding } = fn.aux;
    const shown = images.length === 0 ? i : callEncoding.shown({ fn, callee, distance: i.off, bpfCallBase });
    return make(i.code, { ...i, ...(rawOk ? shown : callEncoding.concealed(shown)) });
  });
}

function functionAt(
  placed: readonly { readonly start: number; readonly length: number }[],
  functions: readonly BpfFunction[],
  slot: number,
): BpfFunction | undefined {
  return functions[placed.findIndex(({ start, length }) => slot >= start && slot < start + length)];
}

/** What stands in guest memory. */
function imageBytes({ images }: Program, lens: readonly number[], kernel: Kernel): Uint8Array {
  const parts = images.map(({ image }, i) => {
    const bytes = kernel.read(image, lens[i] ?? 0);
    if (!(bytes instanceof Uint8Array)) throw new Error("an image cannot be read");
    return bytes;
  });
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function funcInfo({ loaded }: Program): readonly BpfFuncInfo[] {
  const { linked, xlated, checked } = loaded;
  const found = xlated.functions.flatMap(({ start }, i) => {
    const type_id = linked.source?.types.get(checked.functions[i]?.start ?? -1);
    return type_id === undefined ? [] : [{ insn_off: start, type_id }];
  });
  // There is one for each function, or none at all.
  return found.length === xlated.functions.length ? found : [];
}

/** Of instructions that stand for one of the program's, the first has the line. @linux kernel/bpf/verifier.c adjust_insn_aux_data */
function lineInfo({ loaded }: Program): readonly BpfLineInfo[] {
  const { linked, xlated } = loaded;
  return xlated.origin.flatMap((from, slot) => {
    const source = from === xlated.origin[slot - 1] ? undefined : linked.source?.lines.get(from);
    if (source === undefined) return [];
    const { file, text, line, column } = source;
    return [{ insn_off: slot, file_name: file, line: text, line_num: line, line_col: column }];
  });
}

/** A function's first line is said of its prologue. @linux kernel/bpf/core.c bpf_prog_fill_jited_linfo */
function codeAddress({ loaded, images }: Program, slot: number): U64 {
  const index = loaded.xlated.functions.findLastIndex(({ start }) => start <= slot);
  const [placed, image] = [loaded.xlated.functions[index], images[index]];
  if (placed === undefined || image === undefined) throw new Error(`no image for slot ${slot}`);
  const at = slot - placed.start;
  return image.code.add(u64(at === 0 ? 0 : (image.insnOffsets[at] ?? 0)));
}
