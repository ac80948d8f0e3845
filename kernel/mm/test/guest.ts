// A guest without a kernel that tries accesses one by one with translation on and notes how each ends. It runs here and under
// qemu-system, over memory that a kernel of ours has filled with tables.
import { encode } from "../../../cpu/isa/encode.ts";
import { assemble } from "../../../cpu/isa/assemble.ts";
import { fromHalves, u64, type U64 } from "../../../word/long.ts";
import { Kernel } from "../../kernel.ts";
import { linear } from "../../layout/image.ts";
import { PAGE_KERNEL, PAGE_KERNEL_RO, PAGE_KERNEL_ROX } from "../mm.ts";

export const RAM = 0x400_0000;
/** What QEMU's firmware image holds; the rest of RAM is loaded beside it. */
export const LOW = 0x40_0000;
export const HIGH = 0x100_0000;
export const RESULTS = 0x100_8000;
const RESULT_BYTES = 48;
const DONE = 0x600d_0000n;

// The processor starts at real 0x10, big-endian, hypervisor, real mode. Parameters are at 0x4000, accesses at 0x6000.
const START = `
        li      %r26, 0x4000
        ld      %r3, 0(%r26)
        mtspr   318, %r3                # LPCR
        ld      %r3, 8(%r26)
        ld      %r4, 16(%r26)
        cmpdi   %r4, 0
        beq     1f
        mtspr   25, %r3                 # SDR1
        b       2f
1:      mtspr   464, %r3                # PTCR
2:      li      %r3, 1
        mtspr   48, %r3                 # PIDR
        li      %r3, 0
        mtspr   29, %r3                 # AMR
        mtspr   61, %r3                 # IAMR
        isync
        ld      %r28, 24(%r26)          # MSR with translation on
        ld      %r5, 32(%r26)           # number of SLB entries, then two doublewords each
        addi    %r6, %r26, 48
        cmpdi   %r5, 0
        beq     4f
        mtctr   %r5
3:      ld      %r3, 0(%r6)
        ld      %r4, 8(%r6)
        slbmte  %r3, %r4
        addi    %r6, %r6, 16
        bdnz    3b
        isync
4:      ld      %r27, 40(%r26)          # number of accesses
        lis     %r31, 0xc000 - 0x10000  # the accesses: address, kind
        sldi    %r31, %r31, 32
        mr      %r30, %r31              # the results
        mr      %r29, %r31
        ori     %r31, %r31, 0x6000
        oris    %r30, %r30, 0x100
        ori     %r30, %r30, 0x8000
        ori     %r29, %r29, next        # where interrupts go on
        mtspr   26, %r29
        mtspr   27, %r28
        rfid
next:   cmpdi   %r27, 0
        beq     done
        addi    %r27, %r27, -1
        li      %r0, 0
        mtspr   19, %r0                 # DAR
        mtspr   18, %r0                 # DSISR
        ld      %r3, 0(%r31)
        ld      %r4, 8(%r31)
        addi    %r31, %r31, 16
        li      %r5, 0
        cmpdi   %r4, 1
        beq     5f
        bgt     6f
        lbz     %r5, 0(%r3)
        b       7f
5:      li      %r5, 0x5a
        stb     %r5, 0(%r3)
        b       7f
6:      mtctr   %r3
        bctrl
7:      li      %r20, 0
        std     %r20, 0(%r30)
        std     %r5, 40(%r30)
        addi    %r30, %r30, 48
        b       next
done:   lis     %r3, 0x600d
        std     %r3, 0(%r30)
        b       .
common: mfspr   %r21, 26
        mfspr   %r22, 27
        mfspr   %r23, 19
        mfspr   %r24, 18
        std     %r20, 0(%r30)
        std     %r21, 8(%r30)
        std     %r22, 16(%r30)
        std     %r23, 24(%r30)
        std     %r24, 32(%r30)
        addi    %r30, %r30, 48
        mtspr   26, %r29
        mtspr   27, %r28
        rfid
`;
const START_AT = 0x1000;
const BLR = encode("bclr", { BO: 20 });

export interface GuestImage {
  readonly kernel: Kernel;
  readonly accesses: readonly { readonly ea: U64; readonly kind: "load" | "store" | "fetch" }[];
  /** Bytes from RESULTS on that matter. */
  readonly resultBytes: number;
}

/** Boots a kernel, maps areas of every protection, hashes them, and puts the guest where its text was. */
export function buildGuest(layout: string, cpu: "power8" | "power9"): GuestImage {
  const kernel = new Kernel({ layout, cpu, endian: "be", abi: "elfv2", ramBytes: RAM });
  const { ram } = kernel.cpu;
  const addresses = interestingAddresses(kernel);
  const kinds = ["load", "store", "fetch"] as const;
  const accesses = addresses.flatMap((ea) => kinds.map((kind) => ({ ea, kind })));
  ram.bytes(0, 0x1_0000).fill(0);
  writeCode(kernel);
  writeParameters(kernel, accesses.length);
  accesses.forEach(({ ea, kind }, i) => {
    ram.store(8, 0x6000 + 16 * i, ea, "be");
    ram.store(8, 0x6008 + 16 * i, u64(kinds.indexOf(kind)), "be");
  });
  return { kernel, accesses, resultBytes: RESULT_BYTES * (accesses.length + 1) };
}

/** Whether the guest has come to its end, from the bytes at RESULTS. */
export function isDone(results: Buffer): boolean {
  return results.readBigUInt64BE(results.length - RESULT_BYTES) === DONE;
}

/** How each access ended, in words; only the registers that the interrupt sets. */
export function outcomes(results: Buffer): readonly string[] {
  return Array.from({ length: results.length / RESULT_BYTES - 1 }, (_, i) => {
    const at = (offset: number): string => results.readBigUInt64BE(RESULT_BYTES * i + offset).toString(16);
    const [vector, nip, srr1] = [at(0), `SRR0 ${at(8)}`, `SRR1 ${at(16)}`];
    switch (vector) {
      case "0":
        return `done, ${at(40)}`;
      case "300":
        return `300 ${nip} ${srr1} DAR ${at(24)} DSISR ${at(32)}`;
      case "380":
        return `380 ${nip} ${srr1} DAR ${at(24)}`;
      default:
        return `${vector} ${nip} ${srr1}`;
    }
  });
}

/** RAM that is taken out of the linear map and mapped at other addresses of its region, writable, executable, and in a segment without RAM. */
function irregularAddresses({ mm, pages, cpu, memory }: Kernel): readonly U64[] {
  const real = 0x200_0000;
  const { linearGranuleBytes } = mm;
  const page = pages.pageBytes;
  if (!pages.allocateRange(real, linearGranuleBytes, "user")) throw new Error("RAM is in use");
  for (let at = 0; at < page; at += 4) cpu.ram.store(4, real + at, u64(BLR), "be");
  mm.unmapLinear(real, real + linearGranuleBytes);
  const [hole, writable, far] = [linear(real), linear(RAM), fromHalves(0xc000_0100, 0)];
  const executable = writable.add(linearGranuleBytes);
  for (const [ea, protection] of [
    [writable, PAGE_KERNEL],
    [executable, PAGE_KERNEL_ROX],
    [far, PAGE_KERNEL_ROX],
  ] as const) {
    if (!mm.mapIrregular(ea, real, protection)) throw new Error("something is mapped");
    memory.load(ea, 1);
  }
  return [
    hole,
    hole.sub(8),
    hole.add(linearGranuleBytes),
    writable,
    executable.add(8),
    executable.add(linearGranuleBytes),
    far.add(page - 4),
    far.add(page),
  ];
}

function interestingAddresses(kernel: Kernel): readonly U64[] {
  const irregular = irregularAddresses(kernel);
  const page = kernel.pages.pageBytes;
  const area = (): U64 => {
    const address = kernel.moduleAlloc(2 * page);
    if (address === undefined) throw new Error("no memory");
    for (let i = 0; i < 2 * page; i += 4) kernel.store(address.add(i), 4, u64(BLR));
    return address;
  };
  const [rw, rox, ro] = [area(), area(), area()];
  kernel.setMemoryRox(rox, 2 * page);
  kernel.vmalloc.protect(ro, 2 * page, PAGE_KERNEL_RO);
  // Loads that fault fill the SLB for user addresses.
  for (const a of [rw, rw.add(page), rox, rox.add(page), ro, ro.add(page), u64(0), u64(0x1000_0000)])
    kernel.load(a, 1);
  kernel.load(fromHalves(0x7fff, 0), 1);
  return [
    ...irregular,
    linear(0x110_0000),
    linear(0x5000),
    linear(RAM + 0x4000_0000),
    rw.add(4),
    rw.add(page + 8),
    rox.add(page - 4),
    ro.add(12),
    rw.add(2 * page),
    rox.sub(4),
    ro.add(3 * page - 4),
    u64(0),
    u64(0x1000_0000),
    u64(-4),
    ...[
      0x7fff, 0x4000_0000, 0x8000_0000, 0xf000_0000, 0x5a5a_5a5a, 0xc010_0000, 0xc00a_0000, 0xd000_4000,
      0xc003_0000,
    ].map((high) => fromHalves(high, 0x100)),
  ];
}

function writeCode(kernel: Kernel): void {
  const { ram } = kernel.cpu;
  const put = (at: number, words: readonly number[]): void => {
    words.forEach((word, i) => {
      ram.store(4, at + 4 * i, u64(word), "be");
    });
  };
  const start = assemble(START, { base: u64(START_AT) });
  put(START_AT, start.words);
  for (const vector of [0x200, 0x300, 0x380, 0x400, 0x480, 0x600, 0x700]) {
    put(
      vector,
      assemble(`li %r20, ${vector}\nb common`, { base: u64(vector), symbols: start.symbols }).words,
    );
  }
  // Fetches from text return at once; real 0 and its aliases too.
  for (const at of [0, 0x100, 0x5000]) put(at, [BLR]);
  put(0x10, assemble("b start", { base: u64(0x10), symbols: new Map([["start", u64(START_AT)]]) }).words);
}

function writeParameters(kernel: Kernel, accesses: number): void {
  const { ram, state, slb } = kernel.cpu;
  const isRadix = kernel.layout.mmu === "radix";
  const isPower8 = state.model === "power8";
  const segments = Array.from({ length: isRadix ? 0 : 32 }, (_, i) => slb.at(i)).filter(
    (s) => s !== undefined,
  );
  const words = [
    // QEMU takes the kind of MMU from LPCR: UPRT and HR.
    u64(isRadix ? 0x50_0000 : 0),
    state.spr(isPower8 ? "SDR1" : "PTCR"),
    u64(isPower8 ? 1 : 0),
    fromHalves(0x9000_0000, 0x1032),
    u64(segments.length),
    u64(accesses),
    ...segments.flatMap((s) => [s.vsidWord, s.esidWord.or(s.index)]),
  ];
  words.forEach((word, i) => {
    ram.store(8, 0x4000 + 8 * i, word, "be");
  });
}
