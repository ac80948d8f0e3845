// The text of an oops, line by line, in the form that people and scripts know from powerpc kernels.
// What it is made of is collected by oops.ts.
import type { U64 } from "../word/long.ts";
import type { Oops, OopsContext } from "./oops.ts";
import { symbolText, type Resolved } from "./kallsyms.ts";

const STORE = 0x0200_0000;
const SRR1_TRAP = 0x0002_0000;

/** Bits of MSR in the order in which they are printed. [Linux 6.12 arch/powerpc/kernel/process.c msr_bits] */
const MSR_BITS: readonly (readonly [string, number])[] = [
  ["SF", 63],
  ["HV", 60],
  ["VEC", 25],
  ["VSX", 23],
  ["EE", 15],
  ["PR", 14],
  ["FP", 13],
  ["ME", 12],
  ["SE", 10],
  ["BE", 9],
  ["IR", 5],
  ["DR", 4],
  ["PMM", 2],
  ["RI", 1],
  ["LE", 0],
];

/** All lines; the first says what happened. */
export function oopsText(oops: Omit<Oops, "message" | "text">, context: OopsContext): readonly string[] {
  const { release, state, pageShift, mmu } = context;
  const endian = state.endian.toUpperCase();
  const size = 2 ** (pageShift - 10);
  return [
    ...reason(oops, context),
    `${endian} PAGE_SIZE=${size}K MMU=${mmu === "hash" ? "Hash" : "Radix"} SMP NR_CPUS=1 PowerNV`,
    ["Modules linked in:", ...context.modules()].join(" "),
    `CPU: 0 PID: 1 Comm: farcall Not tainted ${release}`,
    `NIP:  ${hex(oops.nip)} LR: ${hex(oops.lr)} CTR: ${hex(oops.ctr)}`,
    `REGS: ${hex(oops.gpr[1])} TRAP: ${oops.trap.toString(16).padStart(4, "0")}   Not tainted  (${release})`,
    `MSR:  ${hex(oops.msr)} <${msrNames(oops.msr)}>  CR: ${hex32(oops.cr)}  XER: ${hex32(oops.xer.low)}`,
    `CFAR: ${hex(oops.cfar)} ${faultRegisters(oops)}${context.namesAccess ? "IRQMASK: 0" : "SOFTE: 1"}`,
    ...registerLines(oops.gpr),
    `NIP [${hex(oops.nip)}] ${name(oops.symbol, oops.nip)}`,
    `LR [${hex(oops.lr)}] ${name(oops.lrSymbol, oops.lr)}`,
    "Call Trace:",
    ...oops.callTrace.map(
      (frame, i) =>
        `[${hex(frame.stack)}] [${hex(frame.address)}] ${name(frame.symbol, frame.address)}${i === 0 ? " (unreliable)" : ""}`,
    ),
    "Instruction dump:",
    ...codeLines(oops.code, oops.codeIndex),
    "---[ end trace 0000000000000000 ]---",
  ];
}

/** @linux arch/powerpc/mm/fault.c __bad_page_fault; arch/powerpc/kernel/traps.c die */
function reason(oops: Omit<Oops, "message" | "text">, context: OopsContext): readonly string[] {
  const page = 2 ** context.pageShift;
  const lines = [...what(oops, context.namesAccess, page)];
  if ([0x300, 0x380, 0x400, 0x480, 0x600].includes(oops.trap)) {
    lines.push(`Faulting instruction address: 0x${short(oops.nip)}`);
    return [...lines, "Oops: Kernel access of bad area, sig: 11 [#1]"];
  }
  if (oops.trap === 0x200) return [...lines, "Oops: Machine check, sig: 7 [#1]"];
  const trapped = oops.trap === 0x700 && (oops.msr.low & SRR1_TRAP) !== 0;
  return [...lines, `Oops: Exception in kernel mode, sig: ${trapped ? 5 : 4} [#1]`];
}

function what(oops: Omit<Oops, "message" | "text">, namesAccess: boolean, page: number): readonly string[] {
  const { trap, dar, dsisr, nip } = oops;
  const at = `0x${short(dar)}`;
  switch (trap) {
    case 0x300:
    case 0x380: {
      if (!namesAccess) return [`Unable to handle kernel paging request for data at address ${at}`];
      const access = (dsisr & STORE) !== 0 ? "write" : "read";
      const problem = dar.lt(page)
        ? "Kernel NULL pointer dereference"
        : "Unable to handle kernel data access";
      return [`BUG: ${problem} on ${access} at ${at}`];
    }
    case 0x400:
    case 0x480:
      if (!namesAccess) return ["Unable to handle kernel paging request for instruction fetch"];
      return [`BUG: Unable to handle kernel instruction fetch${nip.lt(page) ? " (NULL pointer?)" : ""}`];
    case 0x600:
      return [`${namesAccess ? "BUG: " : ""}Unable to handle kernel unaligned access at ${at}`];
    default:
      return oops.detail === undefined ? [] : [oops.detail];
  }
}

/** DAR and DSISR, where the interrupt sets them. */
function faultRegisters({ dar, dsisr, sets }: Pick<Oops, "dar" | "dsisr" | "sets">): string {
  const address = sets.dar ? `DAR: ${hex(dar)} ` : "";
  return sets.dsisr ? `${address}DSISR: ${hex32(dsisr)} ` : address;
}

function registerLines(gpr: readonly U64[]): readonly string[] {
  return Array.from({ length: 8 }, (_, row) => {
    const values = [0, 1, 2, 3].map((column) => hex(gpr[4 * row + column]));
    return `GPR${(4 * row).toString().padStart(2, "0")}: ${values.join(" ")} `;
  });
}

function codeLines(code: readonly (number | undefined)[], at: number): readonly string[] {
  const words = code.map((word, i) => {
    const text = word === undefined ? "XXXXXXXX" : hex32(word);
    return i === at ? `<${text}>` : text;
  });
  return [words.slice(0, 8).join(" "), words.slice(8).join(" ")];
}

function msrNames(msr: U64): string {
  return MSR_BITS.filter(([, bit]) => (msr.shru(bit).low & 1) === 1)
    .map(([bitName]) => bitName)
    .join(",");
}

function name(symbol: Resolved | undefined, address: U64): string {
  return symbol === undefined ? `0x${short(address)}` : symbolText(symbol);
}

function hex(value: U64 | undefined): string {
  return (value?.toString(16) ?? "").padStart(16, "0");
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

/** As printf's %08lx. */
function short(value: U64): string {
  return value.toString(16).padStart(8, "0");
}
