// One access as kernel code would make it, on the emulated MMU with the kernel's own fault handlers: the real address it reaches, or
// the interrupt that stays. Nothing is read or written.
import type { Access } from "../../cpu/mmu/mmu.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hex32, hex64, type U64 } from "../../word/long.ts";

/** How an access ended. */
export type Reached =
  | { readonly kind: "real"; readonly real: number }
  | { readonly kind: "interrupt"; readonly vector: number; readonly reason: number };

/** A fault may be resolved once for the segment and once for the page. */
const ATTEMPTS = 3;

/** Where an access goes, after the handlers have resolved what they can. */
export function reach({ cpu, mm }: Kernel, ea: U64, access: Access): Reached {
  for (let attempt = 1; ; attempt++) {
    const result = cpu.mmu.translate(ea, access);
    if (result.kind === "page") return { kind: "real", real: result.real };
    const reason = access === "fetch" ? result.srr1 : result.dsisr;
    if (attempt === ATTEMPTS || !mm.resolve(result.vector, ea))
      return { kind: "interrupt", vector: result.vector, reason };
  }
}

/** Whether it reached this real address. */
export function isAt(reached: Reached, real: number): boolean {
  return reached.kind === "real" && reached.real === real;
}

/** `store 0x…: real 0x…` or `store 0x…: interrupt 0x300, DSISR 0x…`. */
export function accessText(access: Access, ea: U64, reached: Reached): string {
  return `${access} ${hex64(ea)}: ${reachedText(access, reached)}`;
}

/** The end of it. */
function reachedText(access: Access, reached: Reached): string {
  if (reached.kind === "real") return `real ${realText(reached.real)}`;
  const register = access === "fetch" ? "SRR1" : "DSISR";
  return `interrupt 0x${reached.vector.toString(16)}, ${register} ${hex32(reached.reason)}`;
}

/** A real address in hex. */
export function realText(real: number): string {
  return `0x${real.toString(16)}`;
}
