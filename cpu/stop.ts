// Why a run of the processor ended. Nothing here runs anything.
import type { U64 } from "../word/long.ts";

/**
 * Why `Cpu.run` returned.
 * `attn`: at an attn instruction; NIA is its address, and the caller sets NIA on.
 * `max-insns`: as many instructions as asked for were executed.
 * `interrupt`: only with interrupts "host": nothing was delivered; registers are as before the instruction, NIA is its address;
 * `srr0` and `srr1` are what SRR0 and SRR1 (HSRR0 and HSRR1) would get: srr0 of sc is the instruction after.
 * `unhandled`: the processor cannot go on: the vector itself cannot be fetched, or something is asked for that the machine lacks.
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

/** An instruction that ends the run, without having changed anything. */
export interface Halt {
  readonly kind: "halt";
  readonly stop: Stop;
}
