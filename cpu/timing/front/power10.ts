// The front end of POWER10, every number with its source. What core and caches do elsewhere is not here.
// [HC32]: IBM's POWER10 processor, Hot Chips 32, 2020. What it does not say is a range from nothing lost to POWER9's loss.
import { known, unknown } from "../figure.ts";
import type { FrontFigures } from "./figures.ts";

/** POWER10, one thread a core. */
export const power10Front = Object.freeze<FrontFigures>({
  fetchBytes: known(32, "[HC32: 8 instructions decoded a cycle]"),
  bufferInsns: known(128, "[HC32: instruction buffer]"),
  taken: {
    sameBlock: unknown(0, 0, 0, "not published"),
    forward: unknown(0, 1, 1, "not published; POWER9's is 1"),
    backward: unknown(0, 2, 5, "not published; POWER9 measured 4 to 5"),
    call: unknown(0, 1, 4, "not published; POWER9's is 1"),
    return: unknown(0, 2, 4, "not published; POWER9 measured 3.75"),
    indirect: unknown(0, 1.75, 2, "not published; POWER9 measured 1.5 to 2"),
  },
  mispredictCycles: unknown(10, 16, 20, "not published; POWER9's is 16"),
  direction: {
    localEntries: unknown(65_536, 16_384, 8192, "not published"),
    globalEntries: unknown(65_536, 16_384, 8192, "not published"),
    historyBits: unknown(21, 14, 11, "not published"),
  },
  linkStackEntries: unknown(128, 64, 32, "not published; POWER9 has 64"),
  countCache: {
    localEntries: unknown(2048, 512, 256, "not published; POWER9 has 256"),
    globalEntries: unknown(4096, 1024, 512, "not published; POWER9 has 512"),
    globalAddressBits: unknown(12, 10, 8, "not published; POWER9's fit is 8"),
    blockBytes: unknown(16, 32, 32, "not published; POWER9 shares one entry in 32"),
  },
  icache: {
    bytes: known(49_152, "[HC32]"),
    ways: known(6, "[HC32]"),
    lineBytes: known(128, "[HC32; POWER9's]"),
    missCycles: unknown(9.5, 13.5, 20, "a load from the L2 takes 13.5 [HC32]; fetches are not published"),
    prefetchLines: unknown(2, 1, 0, "not published"),
    tags: "effective",
  },
  translation: {
    ieratEntries: known(64, "[HC32]"),
    deratEntries: known(64, "[HC32]"),
    eratMissCycles: unknown(8.5, 8.5, 15.5, "a load's [HC32]; fetches are not published"),
    eratPageBytes: unknown(0x4000_0000, 0x100_0000, 0x1_0000, "not published; POWER9's are 16 MiB"),
    eratReplacesOldest: unknown(0, 1, 1, "not published"),
    tlbEntries: known(4096, "[HC32]"),
    tlbWays: unknown(4, 4, 4, "not published; POWER9's has 4"),
    hashWalkCycles: unknown(
      14,
      27,
      150,
      "not published: one or two groups of entries, each a line of the L2 or further",
    ),
    radixWalkCycles: unknown(
      14,
      27,
      150,
      "not published: one to four entries, each a line of the L2 or further",
    ),
    dataTags: "effective",
  },
});
