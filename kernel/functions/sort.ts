// sort and bsearch: kernel functions that call a function of the module's. @linux lib/sort.c, lib/bsearch.c
import { u64, ZERO, type U64 } from "../../word/long.ts";
import { MemoryFault } from "../../bpf/memory.ts";
import type { Caller, FailedCall, FunctionResult } from "../caller.ts";
import type { Kernel, KernelFunction } from "../kernel.ts";

/** A step that could not be done: it ends the function. */
type Failure = MemoryFault | FailedCall;

class GuestArray {
  readonly #kernel: Kernel;
  readonly #caller: Caller;
  readonly #args: { readonly base: U64; readonly size: U64; readonly compare: U64; readonly swap: U64 };

  constructor(
    kernel: Kernel,
    caller: Caller,
    args: { readonly base: U64; readonly size: U64; readonly compare: U64; readonly swap: U64 },
  ) {
    this.#kernel = kernel;
    this.#caller = caller;
    this.#args = args;
  }

  address(index: number): U64 {
    return this.#args.base.add(this.#args.size.mul(u64(index)));
  }

  /** The int that the guest's function returns for two addresses. */
  compare(a: U64, b: U64): number | Failure {
    const outcome = this.#caller.call(this.#args.compare, [a, b]);
    return outcome.kind === "return" ? outcome.value.low : outcome;
  }

  swap(i: number, j: number): Failure | undefined {
    const { size, swap } = this.#args;
    const [a, b] = [this.address(i), this.address(j)];
    if (!swap.isZero()) {
      const outcome = this.#caller.call(swap, [a, b, size]);
      return outcome.kind === "return" ? undefined : outcome;
    }
    const [first, second] = [this.#kernel.read(a, size.toNumber()), this.#kernel.read(b, size.toNumber())];
    if (first instanceof MemoryFault) return first;
    if (second instanceof MemoryFault) return second;
    return this.#kernel.write(a, second) ?? this.#kernel.write(b, first);
  }

  /** Lets an element of a heap of `count` sink to its place. */
  sink(start: number, count: number): Failure | undefined {
    for (let root = start; ;) {
      let child = 2 * root + 1;
      if (child >= count) return undefined;
      if (child + 1 < count) {
        const order = this.compare(this.address(child), this.address(child + 1));
        if (typeof order !== "number") return order;
        if (order < 0) child++;
      }
      const order = this.compare(this.address(root), this.address(child));
      if (typeof order !== "number") return order;
      if (order >= 0) return undefined;
      const failure = this.swap(root, child);
      if (failure !== undefined) return failure;
      root = child;
    }
  }
}

/** Largest array, in elements and in bytes of one: more fits no memory, and must not keep anyone waiting. */
const MOST = u64(2 ** 31);

export function sortFunctions(kernel: Kernel): readonly KernelFunction[] {
  return [
    {
      symbol: "sort",
      exported: true,
      call: ([base, num, size, compare, swap], caller): FunctionResult => {
        if (num.gt(MOST) || size.gt(MOST)) return new MemoryFault(base.add(num.mul(size)), "load", 8);
        return (
          heapSort(new GuestArray(kernel, caller, { base, size, compare, swap }), num.toNumber()) ?? ZERO
        );
      },
    },
    {
      symbol: "bsearch",
      exported: true,
      call: ([key, base, num, size, compare], caller): FunctionResult => {
        if (num.gt(MOST) || size.gt(MOST)) return new MemoryFault(base.add(num.mul(size)), "load", 8);
        return search(
          new GuestArray(kernel, caller, { base, size, compare, swap: ZERO }),
          key,
          num.toNumber(),
        );
      },
    },
  ];
}

function heapSort(array: GuestArray, count: number): Failure | undefined {
  for (let start = Math.floor(count / 2) - 1; start >= 0; start--) {
    const failure = array.sink(start, count);
    if (failure !== undefined) return failure;
  }
  for (let end = count - 1; end > 0; end--) {
    const failure = array.swap(0, end) ?? array.sink(0, end);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** The element that equals the key, NULL where there is none. */
function search(array: GuestArray, key: U64, count: number): FunctionResult {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const order = array.compare(key, array.address(middle));
    if (typeof order !== "number") return order;
    if (order === 0) return array.address(middle);
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return ZERO;
}
