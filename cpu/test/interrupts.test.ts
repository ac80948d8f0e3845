// Interrupts end as in qemu-system-ppc64: the same image on both; each vector logs what the processor saved.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeWithOracle, oracle } from "../../test/oracles.ts";
import { u64 } from "../../word/long.ts";
import { Cpu } from "../cpu.ts";
import type { CpuModel } from "../isa/row.ts";
import {
  IMAGE_BYTES,
  LOG,
  guestImage,
  isComplete,
  logBytes,
  logLines,
  type Guest,
  type InterruptCase,
} from "./interrupt-guest.ts";

const qemu = oracle("qemu-system-ppc64", "qemu-system-ppc");

const hypervisor: readonly InterruptCase[] = [
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

const problem: readonly InterruptCase[] = [
  "nop",
  "mfmsr 3",
  "mtmsrd 3",
  "mtmsr 3",
  "rfid",
  "hrfid",
  "slbia",
  "slbmte 3,3",
  "tlbie 3,3",
  "tlbsync",
  "mfspr 3,26",
  "mtspr 26,3",
  "mfspr 3,318",
  "mtspr 318,3",
  "mfspr 3,19",
  "mfspr 3,48",
  "mfspr 3,287",
  "mfspr 3,1000",
  "mtspr 1000,3",
  "mfspr 3,1001",
  "mtspr 272,3",
  "li 3,5; mtspr 815,3; mfspr 3,815",
  "li 3,5; mtspr 256,3; mfspr 3,256",
  "mfspr 3,0",
  "mtspr 0,3",
  "mtspr 4,3",
  "stbcix 3,0,4",
  ".long 0",
  "trap",
  "sc",
  "scv 0",
  ".long 0xc8230000",
  "lis 4,0x40; ld 3,0(4)",
  "lis 4,0x40; std 3,8(4)",
  "lis 4,0x40; mtctr 4; bctr",
  "li 4,0x7001; ldarx 3,0,4",
].map((text) => ({
  text,
  problemState: true,
  ...(text.includes("ldarx") ? { ignore: ["DSISR"], why: "as above" } : {}),
}));

/** In 32-bit mode; r6 is -1 at first. */
const narrow: readonly InterruptCase[] = [
  "clrldi 6,6,32; addic 7,6,1; mfspr 3,1",
  "addic 7,6,1; mfspr 3,1",
  "lis 6,0x7fff; ori 6,6,0xffff; li 8,1; addo 7,6,8; mfspr 3,1",
  "clrldi 6,6,31; clrrdi 6,6,32; add. 7,6,6; mfcr 3",
  "clrldi 6,6,32; clrrdi 6,6,31; add. 7,6,6; mfcr 3",
  "lis 6,0x8000; nego. 7,6; mfspr 3,1; mfcr 8; rldimi 3,8,32,0",
  "clrrdi 6,6,63; nego. 7,6; mfspr 3,1; mfcr 8; rldimi 3,8,32,0",
  "clrrdi 6,6,32; ori 6,6,5; subfic 7,6,4; mfspr 3,1",
  "clrrdi 6,6,32; ori 6,6,5; li 8,5; subfc 7,6,8; adde 3,6,6",
  "lis 6,0x4000; li 8,4; mullwo. 7,6,8; mfspr 3,1; mfcr 8; rldimi 3,8,32,0",
  "lis 6,0x4000; mulldo. 7,6,6; mfspr 3,1; mfcr 8; rldimi 3,8,32,0",
  "li 3,1; clrldi 6,6,31; clrrdi 6,6,32; ori 6,6,1; mtctr 6; bdnz 1f; li 3,2; 1: mfctr 8; add 3,3,8",
  "li 3,1; clrrdi 6,6,32; mtctr 6; bdz 1f; li 3,2; 1: mfctr 8; xor 3,3,8",
  "bl 1f; 1: mflr 3",
  "bl 1f; 1: mflr 7; clrrdi 6,6,32; or 6,6,7; addi 6,6,24; mtctr 6; bctr; nop; mfctr 3",
  "clrrdi 6,6,32; ori 6,6,0x4000; lwz 3,0(6)",
  "lis 7,0x8000; rlwinm. 7,7,0,0,31; mfcr 3",
  "rlwinm. 7,6,0,31,0; mfcr 3; add 3,3,7",
  "srawi. 7,6,3; mfspr 3,1; mfcr 8; rldimi 3,8,32,0",
  "li 7,-7; sldi 7,7,30; sradi. 7,7,31; mfspr 3,1; mfcr 8; rldimi 3,8,32,0",
  "lis 7,0x4000; mulhd. 7,7,7; mfcr 3; add 3,3,7",
  "clrldi 7,6,31; li 8,2; divdo. 8,7,8; mfcr 3; add 3,3,8",
  "clrrdi 7,6,40; cmpdi 7,0; mfcr 3",
  "clrrdi 7,6,40; cntlzd. 7,7; mfcr 3; add 3,3,7",
  "addme. 7,6; mfspr 3,1; mfcr 8; rldimi 3,8,32,0",
  "clrrdi 7,6,32; extsw. 7,7; mfcr 3",
  "sc",
].map((text) => ({ text: inNarrowMode(text) }));

function inNarrowMode(text: string): string {
  return `li 6,-1; mfmsr 4; clrldi 4,4,1; mtmsrd 4; ${text}; mfmsr 4; li 5,1; rldimi 4,5,63,0; mtmsrd 4`;
}

/** On power10; each at the start of 64 bytes. That SRR1 tells of them is prefixed.test.ts's. */
const prefixed: readonly InterruptCase[] = [
  "pli 3,0x123456789; pnop; paddi 3,3,-1",
  "pla 3,8; lis 4,0x20; pstd 3,0x7fff8(4); pld 3,0x7fff8(4)",
  ".long 0x06100000; .long 0x38640001", // R = 1 with a register
  ".long 0x06000000; .long 0",
  ".long 0x05000000; .long 0x38600001",
  ".long 0x06800000; .long 0x38600001",
  ".long 0x07000000; .long 0x48000008", // pnop with a branch
  ".long 0x06000000; .long 0xc8000000", // plfd
  ".long 0xe4000002", // lxsd
  ".long 0x04000000; .long 0xa8000000", // plxsd
  ".long 0xf4000001", // lxv
  ".long 0x04000000; .long 0xc8000000", // plxv
  ".long 0x04000000; .long 0xcc000000",
  ".long 0x04000000; .long 0xe8000000", // plxvp
  ".long 0x05000000; .long 0x80000000", // xxsplti32dx
  ".long 0x07900000; .long 0xec0000d8", // pmxvf32ger
  inNarrowMode("pla 3,-0x8000"),
  inNarrowMode("paddi 3,6,0x1ffffffff"),
  inNarrowMode("lis 4,0x20; ori 4,4,0xfff8; pla 7,8; std 7,0(4); pld 3,0x100000000(4)"),
  `${"nop; ".repeat(15)}.long 0x06000000; .long 0x38600001`,
  `${"nop; ".repeat(15)}.long 0x05ffffff; .long 0`,
].map((text) => ({
  text: `.balign 64; ${text}`,
  ignore: ["SRR1"],
  why: "QEMU 7.2 leaves bits 34 and 35 of SRR1 out [III 7.5.8]",
}));

const real: Guest = { translated: false, cases: hypervisor };
const narrowed: Guest = { translated: false, cases: narrow };
const translated: Guest = { translated: true, cases: [...hypervisor, ...problem] };

/** The log from QEMU: asked for until the mark at its end is there. */
async function runQemu(machine: string, guest: Guest): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "farcall-interrupts-"));
  try {
    const [firmware, log] = [join(folder, "firmware"), join(folder, "log")];
    writeFileSync(firmware, guestImage(guest));
    const devices = ["-display", "none", "-serial", "none", "-monitor", "stdio"];
    const running = spawn(qemu.command, ["-M", machine, "-m", "1G", "-bios", firmware, ...devices], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const closed = new Promise((resolve) => running.on("close", resolve));
    let found: Uint8Array | undefined;
    for (let attempt = 0; attempt < 100 && found === undefined; attempt++) {
      running.stdin.write(`pmemsave ${LOG} ${logBytes(guest)} "${log}"\n`);
      await setTimeout(100);
      const bytes = existsSync(log) ? new Uint8Array(readFileSync(log)) : new Uint8Array(0);
      if (isComplete(guest, bytes)) found = bytes;
    }
    running.stdin.write("quit\n");
    await closed;
    if (found === undefined) throw new Error("QEMU did not come to the end of the cases");
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runOurs(engine: "reference" | "interpreter", model: CpuModel, guest: Guest): Uint8Array {
  const cpu = new Cpu({ ramBytes: 0x40_0000, endian: "be", engine, model });
  cpu.ram.bytes(0, IMAGE_BYTES).set(guestImage(guest));
  cpu.state.nia = u64(0x10);
  expect(cpu.run(20_000)).toEqual({ reason: "max-insns" });
  return cpu.ram.bytes(LOG, logBytes(guest));
}

describeWithOracle("interrupts are delivered as by QEMU", [qemu], () => {
  test.each([
    ["power8", "powernv8", "real mode", real],
    ["power9", "powernv9", "real mode", real],
    ["power9", "powernv9", "32-bit mode", narrowed],
    ["power9", "powernv9", "translation on, AIL 3", translated],
    ["power10", "powernv10", "prefixed", { translated: false, cases: prefixed }],
  ] as const)("%s, %s, %s", async (model, machine, _, guest) => {
    const theirs = logLines(guest, await runQemu(machine, guest));
    expect(logLines(guest, runOurs("reference", model, guest))).toEqual(theirs);
    expect(logLines(guest, runOurs("interpreter", model, guest))).toEqual(theirs);
  });
});
