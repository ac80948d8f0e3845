// The front end of POWER9, every number with its source. What core and caches do elsewhere is not here.
// [AC922]: measurements of an AC922, DD2.3, that quote the POWER9 user's manual; measured/ runs them. "Fitted to" one of them
// means that the number was chosen so that the model gives what was measured; the others are predictions. Manuals and Hot Chips 32 are
// quoted at second hand: they were not opened.
import { known, unknown } from "../figure.ts";
import type { FrontFigures } from "./figures.ts";

const ac922 = "[AC922, the POWER9 user's manual]";

/** POWER9, one thread a core. */
export const power9Front = Object.freeze<FrontFigures>({
  fetchBytes: known(
    32,
    "[LLVM 19 PPCScheduleP9.td: 8 instructions a fetch; POWER9 user's manual: lines of 32-byte sectors]",
  ),
  bufferInsns: unknown(128, 96, 48, "the depth of the instruction buffer is not published for one thread"),
  taken: {
    sameBlock: known(0, "fitted to [AC922] forward taken branch 0.85 to 2 cycles: the lower end"),
    forward: known(1, "fitted to [AC922] forward taken branch 0.85 to 2 cycles: the upper end"),
    backward: unknown(
      4,
      4.5,
      5,
      "fitted to [AC922] loop back-edge 5 to 6 cycles, the fetch itself being one",
    ),
    // A call and its return go one forward and one back, wherever the callee lies: their sum is what matters, and is measured.
    call: known(1, "as a forward branch; the sum with the return is fitted"),
    return: known(3.75, "fitted to [AC922] bl and blr at one site: 6.8 cycles beside the loop"),
    indirect: unknown(
      1.5,
      1.5,
      2,
      "fitted to [AC922] predicted mtctr;bctr 2.5 to 3.05 cycles, a quarter of 9.7 for four behind loads",
    ),
  },
  mispredictCycles: known(
    16,
    "[LLVM 19 PPCScheduleP9.td]; [AC922] has about 25 with the way to the resolution in them: of its results two would want 15, one 19",
  ),
  direction: {
    localEntries: unknown(16_384, 8192, 4096, "not published; POWER7's has 8192 [IBM J. R&D 55(3), 2011]"),
    globalEntries: unknown(
      16_384,
      16_384,
      8192,
      "not published; POWER7's has 16384 [IBM J. R&D 55(3), 2011]",
    ),
    historyBits: unknown(21, 14, 11, "not published"),
  },
  linkStackEntries: known(64, `${ac922}; 32 with two threads, 16 with four`),
  countCache: {
    localEntries: known(256, ac922),
    globalEntries: known(512, ac922),
    globalAddressBits: known(8, "fitted to [AC922] the count cache saturates at 256 to 320 sites"),
    blockBytes: known(32, `${ac922}: one prediction in each aligned 32 bytes`),
  },
  icache: {
    bytes: known(32_768, "[POWER9 user's manual]"),
    ways: known(8, "[POWER9 user's manual]"),
    lineBytes: known(128, "[POWER9 user's manual]"),
    missCycles: unknown(
      11.5,
      15.5,
      24,
      "a load from the L2 takes 15.5 [Hot Chips 32: POWER10 13.5, 2 less]; fetches are not published",
    ),
    prefetchLines: unknown(2, 1, 0, "that following lines are prefetched is published, how many is not"),
    tags: "real",
  },
  translation: {
    ieratEntries: unknown(64, 64, 32, "not published for the instruction side alone"),
    deratEntries: unknown(64, 64, 32, "not published for one thread"),
    eratMissCycles: unknown(
      8.5,
      15.5,
      31,
      "a load's [Hot Chips 32: POWER10 8.5, 7 less]; fetches are not published",
    ),
    eratPageBytes: unknown(
      0x100_0000,
      0x100_0000,
      0x1_0000,
      "not published; POWER8 counts misses of pages up to 16M",
    ),
    eratReplacesOldest: unknown(0, 1, 1, "not published"),
    tlbEntries: known(1024, "[Linux 6.12 POWER9_TLB_SETS_HASH 256, of 4 ways]"),
    tlbWays: known(4, "[Linux 6.12 POWER9_TLB_SETS_HASH 256, of 1024 entries]"),
    hashWalkCycles: unknown(
      16,
      31,
      150,
      "not published: one or two groups of entries, each a line of the L2 or further",
    ),
    radixWalkCycles: unknown(
      16,
      31,
      150,
      "not published: one to four entries, each a line of the L2 or further",
    ),
    dataTags: "real",
  },
});
