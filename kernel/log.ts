// The kernel log, what dmesg shows: lines with a level and the time. What is said is the speakers' business.
import type { U64 } from "../word/long.ts";

export interface LogLine {
  /** 0 (emergency) to 7 (debugging). */
  readonly level: number;
  /** Nanoseconds since boot. */
  readonly time: U64;
  /** Without the line's end. */
  readonly text: string;
}

/** Lines that are kept: the oldest are forgotten, as in a ring buffer. */
const MOST_LINES = 8192;
/** Most characters of one message. @linux kernel/printk/printk.c PRINTKRB_RECORD_MAX */
const MOST_CHARACTERS = 1024;

export const LEVELS = {
  emerg: 0,
  alert: 1,
  crit: 2,
  err: 3,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
} as const;
/** Of messages that name none. */
export const DEFAULT_LEVEL = LEVELS.warning;

export class KernelLog {
  readonly #lines: LogLine[] = [];
  readonly #clock: () => U64;
  /** Whether the last line has not ended: a continuation goes on with it. */
  #isOpen = false;

  constructor(clock: () => U64) {
    this.#clock = clock;
  }

  /** All lines, oldest first. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** A whole message of the kernel's own. */
  add(level: number, text: string): void {
    this.print(level, `${text}\n`);
  }

  /**
   * What printk was given: lines ended by \n, the last perhaps not.
   * @param level "continue" goes on with an open line, as KERN_CONT does
   */
  print(level: number | "continue", text: string): void {
    const goesOn = level === "continue" && this.#isOpen;
    const pieces = text.slice(0, MOST_CHARACTERS).split("\n");
    this.#isOpen = pieces.at(-1) !== "";
    if (!this.#isOpen) pieces.pop();
    pieces.forEach((piece, i) => {
      const open = goesOn && i === 0 ? this.#lines.pop() : undefined;
      const time = open?.time ?? this.#clock();
      const own = level === "continue" ? DEFAULT_LEVEL : level;
      this.#lines.push({ level: open?.level ?? own, time, text: (open?.text ?? "") + piece });
      if (this.#lines.length > MOST_LINES) this.#lines.shift();
    });
  }
}

/** As dmesg prints it: `[    0.000123] text`. */
export function logText({ time, text }: LogLine): string {
  const microseconds = time.div(1000);
  const seconds = microseconds.div(1_000_000).toString().padStart(5);
  return `[${seconds}.${microseconds.mod(1_000_000).toString().padStart(6, "0")}] ${text}`;
}
