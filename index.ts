// The library: a kernel that loads and runs BPF, the processor under it, and the readers and writers of both kinds of code.
// Runs wherever WebAssembly does; files and the process are the caller's.
export { fromHalves, hex32, hex64, parseU64, u64, ZERO } from "./word/long.ts";
export type { U64 } from "./word/long.ts";

export { Kernel } from "./kernel/kernel.ts";
export type { CallOutcome, KernelFunction, KernelOptions, KernelOverrides } from "./kernel/kernel.ts";
export type { Caller, FailedCall, FunctionResult } from "./kernel/caller.ts";
export type { Bpf, BpfLoadOptions, LoadedObject } from "./kernel/bpf.ts";
export type { BpfFuncInfo, BpfLineInfo, BpfProgInfo, InfoViewer } from "./kernel/prog-info.ts";
export type { Failure, Program, ProgramRun, TestRunInput } from "./kernel/program.ts";
export { KernelUsageError, OutOfMemoryError } from "./kernel/error.ts";
export { ImageAllocError } from "./kernel/image-alloc/strategy.ts";
export type { ImageAllocator, ImageAllocStrategy, ImageUsage } from "./kernel/image-alloc/strategy.ts";
export { imageAllocNamed, imageAllocStrategies } from "./kernel/image-alloc/table.ts";
export { AddressFault } from "./kernel/address.ts";
export type { KernelAddress } from "./kernel/address.ts";
export { buddyinfo } from "./kernel/buddy.ts";
export { parseRamMap } from "./kernel/ram-map.ts";
export type { RamRange } from "./kernel/ram-map.ts";
export { MemoryFault } from "./bpf/memory.ts";
export { ModuleError, type ModuleErrno } from "./kernel/module/error.ts";
export type { Module, ModuleState } from "./kernel/module/module.ts";
export type { ModuleLoadOptions, Modules } from "./kernel/module/modules.ts";
export { logText, type KernelLog, type LogLine } from "./kernel/log.ts";
export type { Oops, OopsFrame } from "./kernel/oops.ts";
export { DEFAULT_LAYOUT, layoutNamed, layouts } from "./kernel/layout/table.ts";
export type { Layout, Region } from "./kernel/layout/layout.ts";
export { layoutDocument, parseLayout } from "./kernel/layout/json.ts";
export type { LayoutDocument } from "./kernel/layout/json.ts";

export { Cpu, CpuUsageError } from "./cpu/cpu.ts";
export type { CpuOptions, EngineName } from "./cpu/cpu.ts";
export { msrBits } from "./cpu/state.ts";
export type { CpuState, Endian } from "./cpu/state.ts";
export type { Stop } from "./cpu/stop.ts";
export { ACCESS_KIND, RECORD, RECORD_WORDS } from "./cpu/stream.ts";
export type { InsnObserver, InsnStream } from "./cpu/stream.ts";
export { TimingModel } from "./cpu/timing/model.ts";
export type { InsnTiming, TimingCounters, TimingOptions } from "./cpu/timing/model.ts";
export { pagesOf } from "./cpu/timing/pages.ts";
export type { PageSource } from "./cpu/timing/pages.ts";
export { timeBlock } from "./cpu/timing/block.ts";
export type { BlockOptions, BlockTiming } from "./cpu/timing/block.ts";

export { assemble, AssembleError } from "./cpu/isa/assemble.ts";
export { disassemble } from "./cpu/isa/disassemble.ts";
export { disassembleAll } from "./cpu/isa/disassemble-all.ts";
export { encode, encodePrefixed, EncodeError } from "./cpu/isa/encode.ts";
export { isa } from "./cpu/isa/table.ts";
export type { CpuModel, Row } from "./cpu/isa/row.ts";

export { BpfObject } from "./bpf/elf/object.ts";
export type { LinkedProgram, MapDefinition, ProgType } from "./bpf/elf/object.ts";
export type { KfuncParameter, KfuncPrototype, KfuncType } from "./bpf/kfunc.ts";
export { BpfLoadError } from "./bpf/load-error.ts";
export { VerifierError } from "./bpf/verifier/error.ts";
export { TestRunError } from "./bpf/types/type.ts";
export { assemble as assembleBpf, assembleProgram as assembleBpfProgram } from "./bpf/assemble.ts";
export { printInsn, printInsns } from "./bpf/print.ts";
export { resolveCalls } from "./bpf/print/calls.ts";
export type { DumpedCalls, Resolution, ResolvedCall } from "./bpf/print/calls.ts";
export { SymbolTable } from "./bpf/print/symbol-table.ts";
export { callEncodingNamed, callEncodings } from "./bpf/core/encoding/table.ts";
export type { CallEncoding, CallEncodingName } from "./bpf/core/encoding/encoding.ts";
export { decodeInsns, encodeInsns } from "./bpf/insn.ts";
export type { Insn } from "./bpf/insn.ts";
export { rawProgram } from "./bpf/raw.ts";
export type { BpfMap, MapItem } from "./bpf/maps/map.ts";

export { callSequences } from "./jit/call/sequences.ts";
export { helperSequences } from "./jit/call/helper-sequences.ts";
export type { CallSequenceKind, CallSequenceName, HelperSequenceName } from "./jit/call/sequence.ts";
export { JitBug, JitError } from "./jit/error.ts";
export type { PassLog } from "./jit/compile.ts";
export type { JitedFunction, JitedProgram } from "./jit/program.ts";
