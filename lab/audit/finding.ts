// What an audit says of one assumption that the kernel makes of its addresses, and what each check is given.
import type { Kernel } from "../../kernel/kernel.ts";
import type { U64 } from "../../word/long.ts";

/** An assumption, whether it holds under a strategy, and the access that shows it. */
export interface Finding {
  /** What the kernel takes for granted, as Linux's name for it where it has one. */
  readonly assumption: string;
  /** The strategy for images, as the command line has it. */
  readonly strategy: string;
  readonly broken: boolean;
  /** The access that was made: address, what is expected, what was found. */
  readonly access: string;
  /** One line: why it is so, and what that means. */
  readonly why: string;
}

/** An image that stands for all of them, locked, and the machine around it. */
export interface Subject {
  readonly kernel: Kernel;
  /** Of the image's first page. */
  readonly ea: U64;
  /** Bytes of the image. */
  readonly bytes: number;
  /** Where its first byte really is. */
  readonly real: number;
  /** Whether it lies in the linear region of the layout. */
  readonly isLinear: boolean;
}

/** A check's result, before the strategy's name is added. */
export type Verdict = Omit<Finding, "strategy">;

/** Looks at one assumption; several verdicts where it is made of several things. */
export type Check = (subject: Subject) => readonly Verdict[];
