// Both MMUs against qemu-system-ppc64: the same memory, the same guest, every access must end alike.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { describeWithOracle, oracle } from "../../test/oracles.ts";
import { hex64, u64 } from "../../word/long.ts";
import { buildGuest, HIGH, isDone, LOW, outcomes, RAM, RESULTS, type GuestImage } from "./test/guest.ts";

const qemu = oracle("qemu-system-ppc64", "qemu-system-ppc");
const MACHINES = { power8: "powernv8", power9: "powernv9" } as const;

/** The results' bytes from QEMU; asks its monitor for them until the guest is done. */
async function runQemu(image: GuestImage, machine: string): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "farcall-mmu-"));
  try {
    const [low, high, results] = ["low", "high", "results"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const { ram } = image.kernel.cpu;
    writeFileSync(low, ram.bytes(0, LOW));
    writeFileSync(high, ram.bytes(HIGH, RAM - HIGH));
    const memory = [
      "-m",
      "1G",
      "-bios",
      low,
      "-device",
      `loader,file=${high},addr=0x${HIGH.toString(16)},force-raw=on`,
    ];
    const devices = ["-display", "none", "-serial", "none", "-monitor", "stdio"];
    const process = spawn(qemu.command, ["-M", machine, ...memory, ...devices], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const closed = new Promise((resolve) => process.on("close", resolve));
    let found: Buffer | undefined;
    for (let attempt = 0; attempt < 50 && found === undefined; attempt++) {
      process.stdin.write(`pmemsave 0x${RESULTS.toString(16)} ${image.resultBytes} "${results}"\n`);
      await setTimeout(200);
      const bytes = existsSync(results) ? readFileSync(results) : Buffer.alloc(0);
      if (bytes.length === image.resultBytes && isDone(bytes)) found = bytes;
    }
    process.stdin.write("quit\n");
    await closed;
    if (found === undefined) throw new Error("QEMU did not come to the guest's end");
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runOurs(image: GuestImage): Buffer {
  const { cpu } = image.kernel;
  cpu.state.reset();
  cpu.slb.reset();
  cpu.state.nia = u64(0x10);
  expect(cpu.run(10_000).reason).toBe("max-insns");
  return Buffer.from(cpu.ram.bytes(RESULTS, image.resultBytes));
}

describeWithOracle("accesses with translation on end as in QEMU", [qemu], () => {
  for (const [layout, cpu] of [
    ["hash64k-4.15", "power8"],
    ["hash64k-4.15", "power9"],
    ["hash4k-6.12", "power8"],
    ["radix64k-6.12", "power9"],
    ["radix4k-6.12", "power9"],
  ] as const) {
    it(`${layout} on ${cpu}`, async () => {
      const image = buildGuest(layout, cpu);
      const theirs = outcomes(await runQemu(image, MACHINES[cpu]));
      const ours = outcomes(runOurs(image));
      const named = (ends: readonly string[]): readonly string[] =>
        image.accesses.map(({ ea, kind }, i) => `${kind} ${hex64(ea)}: ${ends[i] ?? ""}`);
      expect(named(ours)).toEqual(named(theirs));
      expect(new Set(ours.map((end) => end.slice(0, 4))).size).toBeGreaterThan(2);
    });
  }
});
