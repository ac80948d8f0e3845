// Names and rounds of the kernels in kernels.c. How they are compiled is scripts/build-bench.ts's.

export interface BenchKernel {
  readonly name: string;
  /** Passes over the kernel's work in one measurement. */
  readonly rounds: number;
}

/** In the order of `kernel()` in kernels.c. */
export const kernels: readonly BenchKernel[] = [
  { name: "crc", rounds: 2000 },
  { name: "sieve", rounds: 120 },
  { name: "sort", rounds: 60 },
  { name: "matrix", rounds: 150 },
  { name: "calls", rounds: 900 },
  { name: "bytecode", rounds: 400_000 },
];

/** Real address of the image's first byte, and its entry. */
export const IMAGE_ADDRESS = 0x1_0000;
