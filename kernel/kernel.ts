// The kernel model: booted by a list of steps, it gives memory, symbols and calls of guest code to the parts above it.
// Loading BPF is bpf.ts's work, the processor is cpu/'s.
import { u64, type U64 } from "../word/long.ts";
import type { AccessBytes, KernelMemory, MemoryFault } from "../bpf/memory.ts";
import { Cpu } from "../cpu/cpu.ts";
import type { Endian } from "../cpu/state.ts";
import type { KernelAddress } from "./address.ts";
import { Bpf } from "./bpf.ts";
import { binaryBytes, bpfJitBinaryAlloc, type JitBinary } from "./bpf-jit-alloc.ts";
import { Entry, type CallOptions, type CallOutcome } from "./entry.ts";
import { bootImageAlloc } from "./image-alloc/boot.ts";
import type { JitLimit } from "./image-alloc/jit-limit.ts";
import type { ImageAllocator } from "./image-alloc/strategy.ts";
import { Kallsyms } from "./kallsyms.ts";
import type { Kmalloc } from "./kmalloc.ts";
import { PointerHash } from "./hashed-pointer.ts";
import { IMAGE, KERNEL_BASE, linear } from "./layout/image.ts";
import type { Layout } from "./layout/layout.ts";
import { usableLayout } from "./layout/usable.ts";
import { GuestMemory } from "./memory.ts";
import { bootMemory, usableRam, type ProcessorTable } from "./memory-boot.ts";
import { PAGE_KERNEL, PAGE_KERNEL_ROX, type MemoryManagement } from "./mm/mm.ts";
import { TextPoke } from "./mm/text-poke.ts";
import { KernelLog } from "./log.ts";
import { moduleAlloc, type ModuleAllocAccount } from "./module-alloc.ts";
import { Modules } from "./module/modules.ts";
import { makeOops } from "./oops.ts";
import type { KernelOptions } from "./options.ts";
import { PACA, writePaca } from "./paca.ts";
import { kernelMsr, setPrivilegedState } from "./privileged-state.ts";
import { INTERRUPT_FRAME, THREAD_BYTES } from "./pt-regs.ts";
import type { PageAllocator } from "./page-alloc.ts";
import { ramEnd, ramHoles, type RamRange } from "./ram-map.ts";
import { Random } from "./random.ts";
import { KernelText, type Abi, type KernelFunction } from "./text.ts";
import type { Vmemmap } from "./vmemmap.ts";
import type { Vmalloc, VmallocRequest } from "./vmalloc.ts";

export type { CallOutcome } from "./entry.ts";
export type { KernelOptions, KernelOverrides } from "./options.ts";
export type { Abi, KernelFunction } from "./text.ts";

const DEFAULT_MAX_INSNS = 1e9;

/**
 * A booted kernel on a processor of its own: memory management, symbols, text, and BPF (`bpf`). Memory is read and written by
 * effective address as kernel code would; what it may not reach is returned as a MemoryFault, not thrown. Two kernels share
 * nothing.
 */
export class Kernel implements KernelMemory {
  readonly layout: Layout;
  /** How functions are called and pointers to them look. */
  readonly abi: Abi;
  /** Where RAM is, ascending. */
  readonly ramMap: readonly RamRange[];
  /** Of the processor and of everything in its memory. */
  readonly endian: Endian;
  readonly cpu: Cpu;
  /** Symbols by address and by name: kernel text, and JITed programs. */
  readonly kallsyms = new Kallsyms();
  /** Made of the seed: image starts, hash seeds, slots in the hash table. */
  readonly random: Random;
  /** Real memory by the page. */
  readonly pages: PageAllocator;
  /** Small pieces of the linear map, by real address; `allocate` gives effective ones. */
  readonly kmalloc: Kmalloc;
  /** Page tables or hash table of the kernel's addresses. */
  readonly mm: MemoryManagement;
  /** The struct pages. */
  readonly vmemmap: Vmemmap;
  /** Effective and real addresses, page frames and struct pages of each other. */
  readonly address: KernelAddress;
  /** How pointers are printed to those who are not to see them. */
  readonly pointerHash: PointerHash;
  /** Areas of the vmalloc region. */
  readonly vmalloc: Vmalloc;
  /** Memory by effective address. */
  readonly memory: GuestMemory;
  /** Kernel text: vectors, helpers, the host's way into guest code. */
  readonly text: KernelText;
  /** MSR of kernel code: 64-bit, hypervisor, translation on. */
  readonly msr: U64;
  /** Effective address of the paca, r13. */
  readonly paca: U64;
  /** The one kernel stack; it grows down from its end. */
  readonly stack: { readonly start: U64; readonly end: U64 };
  /** The table that the processor starts from, at real addresses. */
  readonly tables: ProcessorTable;
  /** Most guest instructions of one call. */
  readonly maxInsns: number;
  /** Nanoseconds since boot. */
  readonly clock: () => U64;
  /** Writing into read-only text. */
  readonly textPoke: TextPoke;
  /** Where the pages of images come from. */
  readonly imageAlloc: ImageAllocator;
  /** As `imageAlloc` of the options names it; "override" where a function takes its place. */
  readonly imageAllocName: string;
  /** What of them is charged to whom. */
  readonly jitLimit: JitLimit;
  /** What printk said: dmesg. */
  readonly log: KernelLog;
  readonly #entry: Entry;
  #modules: Modules | undefined;
  #bpf: Bpf | undefined;

  /** Boots. @throws KernelUsageError where the options name no machine that can be, ImageAllocError where it cannot have `imageAlloc` */
  constructor(options: KernelOptions = {}) {
    const { cpu: model = "power9", endian = "le", seed = 0 } = options;
    this.ramMap = usableRam(options);
    this.layout = usableLayout(options.layout, model, ramEnd(this.ramMap));
    this.endian = endian;
    this.abi = options.abi ?? (endian === "le" ? "elfv2" : "elfv1");
    this.maxInsns = options.maxInsns ?? DEFAULT_MAX_INSNS;
    this.clock = options.clock ?? (() => u64(this.cpu.instructions));
    this.log = new KernelLog(this.clock);
    this.random = new Random(seed);
    this.cpu = new Cpu({
      model,
      endian,
      ramBytes: ramEnd(this.ramMap),
      holes: ramHoles(this.ramMap),
      engine: options.engine ?? "auto",
      interrupts: "guest",
    });
    this.pointerHash = new PointerHash(new Random(seed + 1));
    const memory = bootMemory(this);
    this.tables = memory.tables;
    this.pages = memory.pages;
    this.kmalloc = memory.kmalloc;
    this.mm = memory.mm;
    this.vmemmap = memory.vmemmap;
    this.address = memory.address;
    this.vmalloc = memory.vmalloc;
    this.memory = new GuestMemory(this);
    this.text = new KernelText(this.cpu.ram, { endian, abi: this.abi, kallsyms: this.kallsyms });
    this.msr = kernelMsr(endian);
    this.paca = this.#createPaca();
    const stack = this.allocate(THREAD_BYTES, THREAD_BYTES);
    this.stack = { start: stack, end: stack.add(THREAD_BYTES) };
    const emergencyStack = linear(IMAGE.emergencyStackEnd - INTERRUPT_FRAME.bytes);
    this.text.writeExceptionConstants([this.stack.end, emergencyStack, this.paca]);
    this.#entry = this.#createEntry();
    this.#restore();
    for (const kernelFunction of options.functions ?? []) this.text.add(kernelFunction);
    this.textPoke = new TextPoke(this);
    this.pages.memblockFreeAll();
    this.vmemmap.initialize();
    const images = bootImageAlloc(this, options);
    this.imageAlloc = images.allocator;
    this.imageAllocName = images.name;
    this.jitLimit = images.limit;
  }

  /** BPF in this kernel; set up when it is first asked for. */
  get bpf(): Bpf {
    this.#bpf ??= new Bpf(this);
    return this.#bpf;
  }

  /** Kernel modules; set up when they are first asked for, with the functions that they expect, BPF's helpers among them. */
  get modules(): Modules {
    this.#bpf ??= new Bpf(this);
    this.#modules ??= new Modules(this);
    return this.#modules;
  }

  /** Puts a function whose body is TypeScript into kernel text; its C pointer (on ELFv1 a descriptor). */
  addFunction(kernelFunction: KernelFunction): U64 {
    return this.text.add(kernelFunction);
  }

  /**
   * Runs guest code from a C function pointer to its return.
   * @param args r3 and on, at most eight
   * @throws KernelUsageError for more
   */
  call(pointer: U64, args: readonly U64[], options: CallOptions = {}): CallOutcome {
    return this.#entry.call(pointer, args, options.maxInsns ?? this.maxInsns);
  }

  /** @linux arch/powerpc/kernel/module.c module_alloc */
  moduleAlloc(size: number, account?: ModuleAllocAccount): U64 | undefined {
    return moduleAlloc(this.vmalloc, this.layout, size, account);
  }

  /** @linux mm/vmalloc.c __vmalloc_node_range */
  vmallocNodeRange(request: VmallocRequest): U64 | undefined {
    return this.vmalloc.allocate(request);
  }

  /** Gives an area back; whether there was one. */
  vfree(address: U64): boolean {
    return this.vmalloc.free(address);
  }

  /** @linux kernel/bpf/core.c bpf_jit_binary_alloc, bpf_jit_binary_pack_alloc */
  bpfJitBinaryAlloc(proglen: number, alignment = 4, privileged = true): JitBinary | undefined {
    return bpfJitBinaryAlloc(this, proglen, alignment, privileged);
  }

  /** Gives back what `bpfJitBinaryAlloc` gave; a second time it changes nothing. @linux kernel/bpf/core.c bpf_jit_binary_free, bpf_jit_binary_pack_free */
  bpfJitBinaryFree({ header, bytes }: JitBinary): void {
    if (this.imageAlloc.free(header)) this.jitLimit.uncharge(bytes);
  }

  /** Whether bpf_jit_limit allows an image of `proglen` bytes now. */
  bpfJitAllows(proglen: number, privileged: boolean): boolean {
    return this.jitLimit.allows(binaryBytes(this, proglen), privileged);
  }

  /** Makes whole pages of a vmalloc area read-only and executable; false where they are not all one area's. */
  setMemoryRox(address: U64, bytes: number): boolean {
    return this.vmalloc.protect(address, bytes, PAGE_KERNEL_ROX);
  }

  /** Makes them writable and not executable again. */
  setMemoryRw(address: U64, bytes: number): boolean {
    return this.vmalloc.protect(address, bytes, PAGE_KERNEL);
  }

  load(address: U64, bytes: AccessBytes): U64 | MemoryFault {
    return this.memory.load(address, bytes);
  }

  store(address: U64, bytes: AccessBytes, value: U64): MemoryFault | undefined {
    return this.memory.store(address, bytes, value);
  }

  read(address: U64, length: number): Uint8Array | MemoryFault {
    return this.memory.read(address, length);
  }

  write(address: U64, data: Uint8Array): MemoryFault | undefined {
    return this.memory.write(address, data);
  }

  allocate(bytes: number, alignment = 8): U64 {
    return this.memory.allocate(bytes, alignment);
  }

  allocateArea(bytes: number, caller: string): U64 {
    return this.memory.allocateArea(bytes, caller);
  }

  free(address: U64): void {
    this.memory.free(address);
  }

  #createPaca(): U64 {
    const paca = this.allocate(PACA.bytes);
    const values = { kernelToc: this.text.toc, kernelBase: KERNEL_BASE, kernelMsr: this.msr };
    writePaca(this.cpu.ram, paca.sub(KERNEL_BASE).toNumber(), this.endian, values);
    return paca;
  }

  #createEntry(): Entry {
    const { cpu, text, memory, mm, msr, paca, kallsyms, layout } = this;
    const oopsContext = {
      state: cpu.state,
      memory,
      kallsyms,
      release: layout.version.release,
      namesAccess: layout.version.oopsNamesAccess,
      pageShift: layout.pageShift,
      mmu: layout.mmu,
      modules: () => this.#modules?.flagged ?? [],
    };
    return new Entry({
      cpu,
      text,
      memory,
      mm,
      msr,
      paca,
      stackTop: this.stack.end,
      restore: () => {
        this.#restore();
      },
      // Addresses are looked at as kernel code sees them, whatever the guest has made of MSR and SLB.
      oops: (cause) => {
        this.#restore();
        return makeOops(oopsContext, cause);
      },
    });
  }

  /** The privileged state that kernel code relies on. */
  #restore(): void {
    setPrivilegedState(this.cpu.state, this.layout.mmu, this.msr);
    this.mm.restore();
  }
}
