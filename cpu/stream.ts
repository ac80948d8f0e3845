// The dynamic instruction stream: what a processor tells of the instructions it executes, and in what form. Records are made by
// recorder.ts and the engines; what is done with them is the observer's.

/** 32-bit words of one record. */
export const RECORD_WORDS = 8;

/**
 * What the words of a record are, by index. CIA: address of the instruction (of the prefix of a prefixed one). WORD: the
 * instruction, or the suffix of a prefixed one, whose PREFIX is not 0. EA: the effective address of its storage access as the engine
 * computed it, 0 where it has none. EA_KIND: 0 no access, 1 load, 2 store, plus 256 times its bytes. Accesses of many registers or
 * of a string have their first address and all their bytes; a cache block that is set to zero is a store of the block's size at the
 * address given, other instructions on cache blocks are loads of 0 bytes; hints have no access. SPARE: 0.
 */
export const RECORD = Object.freeze({
  CIA_HIGH: 0,
  CIA_LOW: 1,
  WORD: 2,
  PREFIX: 3,
  EA_HIGH: 4,
  EA_LOW: 5,
  EA_KIND: 6,
  SPARE: 7,
});

/** Values of the low byte of EA_KIND. */
export const ACCESS_KIND = Object.freeze({ none: 0, load: 1, store: 2 });

/** Executed instructions in program order. It is valid only while the observer is called: the words are used again. */
export interface InsnStream {
  /** Records in `words`, from the first word on. */
  readonly count: number;
  /** `count` records of RECORD_WORDS each. */
  readonly words: Uint32Array;
}

/** Who is told of executed instructions; see Cpu.observe. */
export interface InsnObserver {
  /** Called with some thousand instructions at most, and whenever `Cpu.run` ends; must not run the processor. */
  executed(batch: InsnStream): void;
}
