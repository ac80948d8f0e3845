// The front end of POWER8, every number with its source. What core and caches do elsewhere is not here.
// No measurement of POWER8 is published as there is of POWER9: where design papers say nothing, POWER9's numbers bound the range.
import { known, unknown } from "../figure.ts";
import type { FrontFigures } from "./figures.ts";

const power7 = "POWER7 loses 2 cycles behind a taken branch [IBM J. R&D 55(3), 2011]";

/** POWER8, one thread a core. */
export const power8Front = Object.freeze<FrontFigures>({
  fetchBytes: known(32, "[POWER8 user's manual: 8 instructions a cycle]"),
  bufferInsns: unknown(128, 64, 32, "the depth of the instruction buffer is not published for one thread"),
  taken: {
    sameBlock: unknown(0, 0, 2, `not published; ${power7}`),
    forward: unknown(0, 2, 3, `not published; ${power7}`),
    backward: unknown(2, 4, 5, `not published; ${power7}, POWER9 measured 4 to 5`),
    call: unknown(0, 2, 4, `not published; ${power7}`),
    return: unknown(2, 3.75, 4, `not published; ${power7}, POWER9 measured 3.75`),
    indirect: unknown(1.5, 2, 3, `not published; ${power7}`),
  },
  mispredictCycles: known(16, "[LLVM 19 PPCScheduleP8.td]"),
  direction: {
    localEntries: unknown(16_384, 16_384, 8192, "not at hand; POWER7's has 8192 [IBM J. R&D 55(3), 2011]"),
    globalEntries: unknown(16_384, 16_384, 8192, "not at hand; POWER7's has 16384 [IBM J. R&D 55(3), 2011]"),
    historyBits: unknown(21, 14, 11, "not at hand"),
  },
  linkStackEntries: known(32, "[the flush of Linux 6.12 has 64 entries for POWER9; POWER8 user's manual]"),
  countCache: {
    localEntries: unknown(256, 256, 128, "not published; POWER9 has 256"),
    globalEntries: unknown(512, 512, 256, "not published; POWER9 has 512"),
    globalAddressBits: unknown(9, 8, 7, "not published; POWER9's fit is 8"),
    blockBytes: unknown(
      32,
      32,
      32,
      "not published; Linux flushes with one branch in each aligned 32 bytes on both",
    ),
  },
  icache: {
    bytes: known(32_768, "[POWER8 user's manual]"),
    ways: known(8, "[POWER8 user's manual]"),
    lineBytes: known(128, "[POWER8 user's manual]"),
    missCycles: unknown(9, 13, 24, "not published for fetches; a load from the L2 takes about 13"),
    prefetchLines: unknown(2, 1, 0, "that following lines are prefetched is published, how many is not"),
    tags: "real",
  },
  translation: {
    ieratEntries: unknown(64, 64, 32, "not at hand"),
    deratEntries: unknown(64, 48, 32, "not at hand"),
    eratMissCycles: unknown(8.5, 15.5, 31, "not published; POWER9's are 15.5 for a load"),
    eratPageBytes: known(
      0x100_0000,
      "[Linux 6.12 tools/perf/pmu-events/arch/powerpc/power8: PM_IERAT_RELOAD_16M is the largest]",
    ),
    eratReplacesOldest: unknown(0, 1, 1, "not published"),
    tlbEntries: known(2048, "[Linux 6.12 POWER8_TLB_SETS 512, of 4 ways]"),
    tlbWays: known(4, "[Linux 6.12 POWER8_TLB_SETS 512, of 2048 entries]"),
    hashWalkCycles: unknown(
      13,
      26,
      150,
      "not published: one or two groups of entries, each a line of the L2 or further",
    ),
    radixWalkCycles: known(0, "POWER8 has no radix translation"),
    dataTags: "real",
  },
});
