// Why a run of the processor ended, and what an interrupt is. Nothing here runs or delivers anything.
import type { U64 } from "../word/long.ts";

/**
 * An interrupt that an instruction causes. `vector` as in the manual (0x300, 0x700 …); `srr1` are bits to OR into SRR1 or HSRR1;
 * `hypervisor` interrupts (0xe40 …) save to HSRR0 and HSRR1. `next`: SRR0 is the instruction after (sc), otherwise this one.
 */
export interface Interrupt {
  readonly kind: "interrupt";
  readonly vector: number;
  readonly srr1: number;
  readonly dar?: U64 | undefined;
  readonly dsisr?: number | undefined;
  readonly hypervisor?: boolean;
  readonly next?: boolean;
  /** The instruction word, for HEIR. */
  readonly word?: number;
  /** For people: what went wrong. */
  readonly detail: string;
}

/**
 * Why `Cpu.run` returned.
 * `attn`: at an attn instruction; NIA is its address, and the caller sets NIA on.
 * `max-insns`: as many instructions as asked for were executed.
 * `interrupt`: only with interrupts "host": nothing was delivered; SRR0, SRR1, DAR, DSISR and MSR are untouched, NIA is `srr0`.
 * `unhandled`: the processor cannot go on: the vector itself cannot be fetched, or the machine lacks what was asked for.
 */
export type Stop =
  | { readonly reason: "attn"; readonly cia: U64 }
  | { readonly reason: "max-insns" }
  | {
      readonly reason: "interrupt";
      readonly vector: number;
      readonly srr0: U64;
      readonly srr1: U64;
      readonly dar: U64 | undefined;
      readonly dsisr: number | undefined;
      readonly detail: string;
    }
  | { readonly reason: "unhandled"; readonly cia: U64; readonly detail: string };
