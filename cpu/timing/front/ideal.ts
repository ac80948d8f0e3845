// A front end that always has the next instruction: the core alone is measured, as llvm-mca does.
// It counts branches and predicts nothing.
import type { Branch, FrontCounters, FrontEnd } from "./front-end.ts";

/** Every instruction can be dispatched at once; every branch is predicted right. */
export class IdealFrontEnd implements FrontEnd {
  readonly #counters = {
    branches: 0,
    takenBranches: 0,
    mispredicts: 0,
    icacheMisses: 0,
    ieratMisses: 0,
    deratMisses: 0,
  };

  get counters(): FrontCounters {
    return this.#counters;
  }
  fetch(): number {
    return 0;
  }
  dispatched(): void {
    // nothing depends on it
  }
  branch(branch: Branch): void {
    this.#counters.branches++;
    if (branch.taken) this.#counters.takenBranches++;
  }
  data(): number {
    return 0;
  }
  flushLinkStack(): void {
    // there is none
  }
  flushCountCache(): void {
    // there is none
  }
}
