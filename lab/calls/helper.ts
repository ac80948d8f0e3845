// A function of the kernel's text that counts its calls in r28, as driver.ts's functions do: what helper calls and modules call.
// It is put there as the kernel's own are, and guest code takes the place of its trap.
import { hex64, u64 } from "../../word/long.ts";
import { assemble } from "../../cpu/isa/assemble.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KERNEL_BASE } from "../../kernel/layout/image.ts";
import type { CalleeOfSite } from "./call-maker.ts";

/** Its symbol; modules may use it. */
export const COUNTING_FUNCTION = "farcall_count_call";

/** Adds it to a kernel that does not have it. */
export function addCountingFunction(kernel: Kernel): CalleeOfSite {
  const global = kernel.addFunction({
    symbol: COUNTING_FUNCTION,
    exported: true,
    call: () => {
      throw new Error(`${COUNTING_FUNCTION} traps no more`);
    },
  });
  const local = kernel.text.localEntry(global);
  const { words } = assemble("addi r28,r28,1");
  for (const [i, word] of words.entries()) {
    const real = local.add(4 * i).sub(KERNEL_BASE);
    if (real.high !== 0) throw new Error(`${COUNTING_FUNCTION} at ${hex64(local)}`);
    kernel.cpu.ram.store(4, real.low >>> 0, u64(word), kernel.endian);
  }
  return { kind: "core", to: { global, local }, callee: COUNTING_FUNCTION };
}
