// Test support: a big-endian firmware image that runs one case after another and logs what each interrupt saved: the same bytes
// for QEMU and for us. With translation on, a radix tree maps the first 4 MiB onto themselves, and cases may be in problem state.
import { fromHalves, hex64, u64, type U64 } from "../../word/long.ts";
import { assemble } from "../isa/assemble.ts";
import { SPR } from "../spr.ts";

/** Real address of the log. */
export const LOG = 0x20_0000;
export const IMAGE_BYTES = 0x10_0000;
const COMMON = 0x6000;
const START = 0x7000;
const TABLES = Object.freeze({
  partition: 0x8_0000,
  process: 0x9_0000,
  root: 0xa_0000,
  second: 0xb_0000,
  third: 0xb_1000,
});

/** What a record holds beside where it came to (0 for no interrupt) and r3: what the processor saved. */
const SAVED = ["SRR0", "SRR1", "MSR", "DAR", "DSISR", "HSRR0", "HSRR1", "LR", "CTR", "FSCR"] as const;
const RECORD_BYTES = 8 * (SAVED.length + 2);

export interface InterruptCase {
  /** Instructions, with "; " between them. r31 is where an interrupt goes on; r3 and r4 are free. */
  readonly text: string;
  readonly problemState?: boolean;
  /** Not compared, because of `why`. */
  readonly ignore?: readonly (typeof SAVED)[number][];
  readonly why?: string;
}

export interface Guest {
  readonly translated: boolean;
  readonly cases: readonly InterruptCase[];
}

const vectors = [
  0x200, 0x300, 0x380, 0x400, 0x480, 0x600, 0x700, 0x800, 0xc00, 0xe40, 0xf20, 0xf40, 0xf60, 0xf80,
];
const vectoredCalls = [0, 1, 127];

/** Registers that an interrupt changes get the same values before each case; r3 is 0. */
function fresh(): string {
  const names = ["DAR", "DSISR", "HSRR0", "HSRR1", "LR", "CTR", "FSCR"] as const;
  return names.map((name) => `mtspr ${SPR[name]},3`).join("; ");
}

/** A radix tree of 52 bits, levels of 13, 9 and 9 bits, whose first two leaves of 2 MiB are the first 4 MiB. [III 6.7.10] */
function tables(put: (at: number, value: U64) => void): void {
  const radixSize = 21; // 52 - 31, split into bits 1:2 and 56:58
  const rootField = (TABLES.root | ((radixSize & 7) << 5) | 13) >>> 0;
  const sizeField = (radixSize >>> 3) << 29;
  put(TABLES.partition, fromHalves(0x8000_0000 | sizeField, rootField)); // host radix; the tree is for guests
  put(TABLES.partition + 8, fromHalves(0, TABLES.process));
  put(TABLES.process, fromHalves(sizeField, rootField));
  put(TABLES.root, fromHalves(0x8000_0000, TABLES.second | 9));
  put(TABLES.second, fromHalves(0x8000_0000, TABLES.third | 9));
  for (const leaf of [0, 1])
    put(TABLES.third + 8 * leaf, fromHalves(0xc000_0000, (leaf * 0x20_0000) | 0x187));
}

/** Bits of MSR beside HV and SF: ME, and with translation IR and DR. */
function msrOf({ translated }: Guest): number {
  return translated ? 0x1030 : 0x1000;
}

/** r28: MSR in problem state; r29: MSR of the cases; r30: the next record; r31: where to go on after an interrupt. */
export function guestImage(guest: Guest): Uint8Array {
  const bytes = new Uint8Array(IMAGE_BYTES);
  const view = new DataView(bytes.buffer);
  const put = (at: number, text: string): void => {
    assemble(text.replaceAll("; ", "\n"), { base: u64(at) }).words.forEach((word, i) => {
      view.setUint32(at + 4 * i, word);
    });
  };
  tables((at, value) => {
    view.setInt32(at, value.high);
    view.setInt32(at + 4, value.low);
  });
  const vector = (at: number, n: number): void => {
    put(at, `mtspr ${SPR.HSPRG0},3; lis 3,${n >>> 16}; ori 3,3,${n & 0xffff}; ba ${COMMON}`);
  };
  for (const n of vectors) for (const base of [0, 0x4000]) vector(base + n, base + n);
  for (const level of vectoredCalls)
    for (const base of [0x1_7000, 0x3000]) vector(base + 0x20 * level, base + 0x20 * level);
  put(0x10, `ba ${START}`);
  const saves = SAVED.map(
    (name, i) => `${name === "MSR" ? "mfmsr 3" : `mfspr 3,${SPR[name]}`}; std 3,${8 + 8 * i}(30)`,
  );
  const last = `mfspr 3,${SPR.HSPRG0}; std 3,${RECORD_BYTES - 8}(30); addi 30,30,${RECORD_BYTES}`;
  put(COMMON, `std 3,0(30); ${saves.join("; ")}; ${last}; li 3,0; ${fresh()}; mtsrr0 31; mtsrr1 29; rfid`);
  const address = (r: number, label: string): string => `lis ${r},${label}@h; ori ${r},${r},${label}@l`;
  const tests = guest.cases.map(({ text, problemState }, i) => {
    const logged = `mtspr ${SPR.HSPRG0},3; li 3,0; ba ${COMMON}`;
    const user = `${address(4, `user${i}`)}; mtsrr0 4; mtsrr1 28; rfid; user${i}: ${text}; sc`;
    const whole = problemState === true ? user : `${text}; ${logged}`;
    return `${address(31, `next${i}`)}; li 3,0; ${whole}; next${i}: nop`;
  });
  const msr = msrOf(guest);
  const start = [
    `lis 30,${LOG >> 16}; lis 29,0x9000; sldi 29,29,32; ori 28,29,${0xc002 | msr}; ori 29,29,${msr}`,
    `lis 3,0x7fff; mtspr ${SPR.DEC},3`, // no decrementer interrupt on the way
    `lis 3,${TABLES.partition >> 16}; mtspr ${guest.translated ? SPR.PTCR : SPR.HSPRG1},3`,
    // HR, UPRT and AIL 3
    `lis 3,${guest.translated ? 0x01d0 : 0}; mtspr ${SPR.LPCR},3`,
    `li 3,0; ${fresh()}; ${address(31, "go")}; mtsrr0 31; mtsrr1 29; rfid; go: nop`,
  ];
  put(START, `${start.join("; ")}; ${tests.join("; ")}; end: std 29,0(30); b end`);
  return bytes;
}

/** The log with the mark at its end, in bytes. */
export function logBytes(guest: Guest): number {
  return RECORD_BYTES * guest.cases.length + 8;
}

/** Whether all cases have been run. */
export function isComplete(guest: Guest, log: Uint8Array): boolean {
  return log.length === logBytes(guest) && log[log.length - 8] !== 0;
}

/** One line for each case. */
export function logLines(guest: Guest, log: Uint8Array): readonly string[] {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  return guest.cases.map(({ text, problemState, ignore = [] }, i) => {
    const at = (k: number): string => {
      const place = i * RECORD_BYTES + 8 * k;
      return hex64(fromHalves(view.getInt32(place), view.getInt32(place + 4)));
    };
    const saved = SAVED.flatMap((name, k) => (ignore.includes(name) ? [] : [`${name} ${at(k + 1)}`]));
    const name = problemState === true ? `problem state: ${text}` : text;
    return [name, `vector ${at(0)}`, ...saved, `r3 ${at(SAVED.length + 1)}`].join(" | ");
  });
}
