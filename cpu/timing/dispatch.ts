// Dispatch: in program order, so many slots a cycle, and the rules of who may stand where. It knows nothing of what comes before and after.
import type { Assumption } from "./figure.ts";
import { figureValue } from "./figure.ts";
import type { CoreFigures } from "./core-figures.ts";
import type { Decoded } from "./decoded.ts";

/** The cycle that is being filled. */
export class Dispatch {
  readonly #slots: number;
  readonly #branchSlots: number;
  readonly #branchEndsGroup: boolean;
  #cycle = 0;
  #used = 0;
  #branches = 0;
  #closed = false;

  constructor(core: CoreFigures, assumption: Assumption) {
    this.#slots = figureValue(core.dispatchSlots, assumption);
    this.#branchSlots = figureValue(core.branchSlots, assumption);
    this.#branchEndsGroup = core.branchEndsGroup;
  }

  /** The cycle that the last instruction was dispatched in. */
  get cycle(): number {
    return this.#cycle;
  }

  #next(cycle: number): void {
    this.#cycle = cycle;
    this.#used = 0;
    this.#branches = 0;
    this.#closed = false;
  }

  // hot: bench-timing
  #fits({ place, slots }: Decoded): boolean {
    if (place === "branch" && this.#branchSlots > 0)
      return !(this.#closed && this.#branches === 0) && this.#branches < this.#branchSlots;
    if (this.#closed) return false;
    const isFirst = this.#used === 0 && this.#branches === 0;
    if (isFirst) return true;
    if (place === "first" || place === "alone") return false;
    const from = place === "even" ? this.#used + (this.#used % 2) : this.#used;
    return from + slots <= this.#slots;
  }

  /** Takes a place for the instruction in the first cycle not before `earliest`; returns the cycle. */
  place(insn: Decoded, earliest: number): number {
    if (earliest > this.#cycle) this.#next(earliest);
    else if (!this.#fits(insn)) this.#next(this.#cycle + 1);
    const { place, slots } = insn;
    if (place === "branch" && this.#branchSlots > 0) this.#branches++;
    else if (place === "even") this.#used += (this.#used % 2) + slots;
    else this.#used += slots;
    if (place === "alone" || (this.#branchEndsGroup && insn.branch !== undefined)) this.#closed = true;
    return this.#cycle;
  }
}
