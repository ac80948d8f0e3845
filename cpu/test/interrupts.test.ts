// Interrupts end as in qemu-system-ppc64: the same image on both; each vector logs what the processor saved.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithOracle, oracle } from "../../test/oracles.ts";
import { fromHalves, hex64, u64 } from "../../word/long.ts";
import { Cpu } from "../cpu.ts";
import { assemble } from "../isa/assemble.ts";
import { SPR } from "../spr.ts";

const qemu = oracle("qemu-system-ppc64", "qemu-system-ppc");

const LOG = 0x20_0000;
const COMMON = 0x3000;
const TESTS = 0x5000;
const IMAGE_BYTES = 0x2_0000;

/** What a record holds: where it came to (0 for no interrupt), what was saved, and r3 of the test. */
const SAVED = ["SRR0", "SRR1", "MSR", "DAR", "DSISR", "HSRR0", "HSRR1", "LR", "CTR", "FSCR"] as const;
const RECORD_BYTES = 8 * (SAVED.length + 2);

const cases: readonly {
  readonly text: string;
  readonly ignore?: readonly (typeof SAVED)[number][];
  readonly why?: string;
}[] = [
  { text: ".long 0" },
  { text: ".long 0x000003ff" },
  { text: "trap" },
  { text: "li 4,1; twi 31,4,5" },
  { text: "li 4,1; tdnei 4,1; li 3,7" },
  { text: "sc" },
  { text: "sc 1" },
  {
    text: "li 4,0x4001; lwarx 3,0,4",
    ignore: ["DSISR"],
    why: "QEMU sets DSISR, the manual does not [III 7.5.8]",
  },
  { text: "li 4,0x4004; ldarx 3,0,4", ignore: ["DSISR"], why: "as above" },
  { text: ".long 0xc8230000" }, // lfd
  { text: ".long 0x10210000" }, // vaddubm
  { text: ".long 0x7c001e98" }, // lxvd2x
  { text: "li 3,7; mfspr 3,1000" },
  { text: "mfspr 3,0" },
  { text: "mtspr 0,3" },
  { text: "mfspr 3,4" },
  { text: "mtspr 4,3" },
  { text: "li 3,7; mfspr 3,700" },
  { text: "mfmsr 4; ori 4,4,1; mtmsrd 4; mfmsr 3" },
  { text: "mfmsr 4; li 5,0x1000; andc 4,4,5; mtmsrd 4; mfmsr 3" },
  { text: "li 4,0x1002; mtmsr 4; mfmsr 3" },
  { text: "li 4,-1; mtmsrd 4,1; mfmsr 3; li 4,0; mtmsrd 4,1" },
  { text: "mfmsr 4; ori 4,4,2; mtsrr1 4; bl 1f; 1: mflr 4; addi 4,4,20; mtsrr0 4; rfid; nop; mfmsr 3" },
  {
    text: "mfmsr 4; ori 4,4,2; mtspr 315,4; bl 1f; 1: mflr 4; addi 4,4,20; mtspr 314,4; hrfid; nop; mfmsr 3",
  },
  { text: "mfmsr 4; oris 4,4,0x7a3f; mtmsrd 4; mfmsr 3" },
  { text: "mfmsr 4; oris 4,4,0x783f; mtsrr1 4; bl 1f; 1: mflr 4; addi 4,4,20; mtsrr0 4; rfid; nop; mfmsr 3" },
  { text: "scv 0" },
  { text: "scv 1; mfspr 3,153" },
  { text: "li 4,0x1000; mtspr 153,4; li 4,2; mtmsrd 4,1; bl 1f; 1: scv 0" },
  { text: "li 4,0x1000; mtspr 153,4; scv 127" },
  {
    text: "mfmsr 4; ori 4,4,2; mtctr 4; bl 1f; 1: mflr 4; addi 4,4,20; mtlr 4; rfscv; nop; mfmsr 3",
  },
];

const vectors = [
  0x200, 0x300, 0x380, 0x400, 0x480, 0x600, 0x700, 0x800, 0xc00, 0xe40, 0xf20, 0xf40, 0xf60, 0xf80, 0x1_7000,
  0x1_7020, 0x1_7fe0,
];

/** Registers that an interrupt changes get the same values before each case. */
function fresh(): string {
  return (["DAR", "DSISR", "HSRR0", "HSRR1", "LR", "CTR", "FSCR"] as const)
    .map((name) => `mtspr ${SPR[name]},3`)
    .join("; ");
}

/** r29: MSR of the cases; r30: the next record; r31: where to go on after an interrupt. */
function image(): Uint8Array {
  const bytes = new Uint8Array(IMAGE_BYTES);
  const view = new DataView(bytes.buffer);
  const put = (at: number, text: string): void => {
    assemble(text.replaceAll("; ", "\n"), { base: u64(at) }).words.forEach((word, i) => {
      view.setUint32(at + 4 * i, word);
    });
  };
  put(0x10, `ba ${TESTS}`);
  for (const vector of vectors)
    put(vector, `mtspr ${SPR.HSPRG0},3; lis 3,${vector >>> 16}; ori 3,3,${vector & 0xffff}; ba ${COMMON}`);
  const saves = SAVED.map(
    (name, i) => `${name === "MSR" ? "mfmsr 3" : `mfspr 3,${SPR[name]}`}; std 3,${8 + 8 * i}(30)`,
  );
  const last = `mfspr 3,${SPR.HSPRG0}; std 3,${RECORD_BYTES - 8}(30); addi 30,30,${RECORD_BYTES}`;
  put(COMMON, `std 3,0(30); ${saves.join("; ")}; ${last}; li 3,0; ${fresh()}; mtsrr0 31; mtsrr1 29; rfid`);
  const next = (label: string): string => `lis 31,${label}@h; ori 31,31,${label}@l; li 3,0`;
  const tests = cases.map(
    ({ text }, i) =>
      `${next(`next${i}`)}; ${text}; mtspr ${SPR.HSPRG0},3; li 3,0; ba ${COMMON}; next${i}: nop`,
  );
  const start = `lis 30,${LOG >> 16}; lis 29,0x9000; sldi 29,29,32; ori 29,29,0x1000; ${next("go")}; mtspr ${SPR.LPCR},3; ${fresh()}`;
  put(TESTS, `${start}; mtsrr0 31; mtsrr1 29; rfid; go: nop; ${tests.join("; ")}; end: std 29,0(30); b end`);
  return bytes;
}

const LOG_BYTES = RECORD_BYTES * cases.length + 8;

/** The log from QEMU: asked for until the mark at its end is there. */
async function runQemu(machine: string): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "farcall-interrupts-"));
  try {
    const [firmware, log] = [join(folder, "firmware"), join(folder, "log")];
    writeFileSync(firmware, image());
    const devices = ["-display", "none", "-serial", "none", "-monitor", "stdio"];
    const running = spawn(qemu.command, ["-M", machine, "-m", "1G", "-bios", firmware, ...devices], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const closed = new Promise((resolve) => running.on("close", resolve));
    let found: Uint8Array | undefined;
    for (let attempt = 0; attempt < 100 && found === undefined; attempt++) {
      running.stdin.write(`pmemsave ${LOG} ${LOG_BYTES} "${log}"\n`);
      await setTimeout(100);
      const bytes = existsSync(log) ? new Uint8Array(readFileSync(log)) : new Uint8Array(0);
      if (bytes.length === LOG_BYTES && bytes[LOG_BYTES - 8] !== 0) found = bytes;
    }
    running.stdin.write("quit\n");
    await closed;
    if (found === undefined) throw new Error("QEMU did not come to the end of the cases");
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runOurs(engine: "reference" | "interpreter", model: "power8" | "power9"): Uint8Array {
  const cpu = new Cpu({ ramBytes: 0x40_0000, endian: "be", engine, model });
  cpu.ram.bytes(0, IMAGE_BYTES).set(image());
  cpu.state.nia = u64(0x10);
  expect(cpu.run(10_000)).toEqual({ reason: "max-insns" });
  return cpu.ram.bytes(LOG, LOG_BYTES);
}

/** One line for each case. */
function lines(log: Uint8Array): readonly string[] {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  return cases.map(({ text, ignore = [] }, i) => {
    const at = (k: number): string => {
      const place = i * RECORD_BYTES + 8 * k;
      return hex64(fromHalves(view.getInt32(place), view.getInt32(place + 4)));
    };
    const saved = SAVED.flatMap((name, k) => (ignore.includes(name) ? [] : [`${name} ${at(k + 1)}`]));
    return [text, `vector ${at(0)}`, ...saved, `r3 ${at(SAVED.length + 1)}`].join(" | ");
  });
}

describeWithOracle("interrupts are delivered as by QEMU", [qemu], () => {
  test.each([
    ["power8", "powernv8"],
    ["power9", "powernv9"],
  ] as const)("%s", async (model, machine) => {
    const theirs = lines(await runQemu(machine));
    expect(lines(runOurs("reference", model))).toEqual(theirs);
    expect(lines(runOurs("interpreter", model))).toEqual(theirs);
  });
});
