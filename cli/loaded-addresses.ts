// Which address a register holds when code calls through it: constants followed through a sequence that makes one.
// Follows straight code only, and what it does not know makes a register unknown.
import { parseU64, u64, type U64 } from "../word/long.ts";

/** What a debugger has of a running kernel: registers that kernel code never changes, and its memory. */
export interface LiveKernel {
  /** r2 in kernel code. */
  readonly toc: U64;
  /** r13. */
  readonly paca: U64;
  /** A doubleword of memory; undefined where nothing is mapped. */
  readonly doubleword: (address: U64) => U64 | undefined;
}

/** What is known of registers by name, in the line of code that comes next. */
export class LoadedAddresses {
  readonly #known = new Map<string, U64>();
  readonly #kernel: LiveKernel | undefined;

  /** @param kernel where the kernel may be looked at */
  constructor(kernel: LiveKernel | undefined) {
    this.#kernel = kernel;
  }

  /** The address in the register that this line moves to CTR or LR; other lines change what is known. */
  next(text: string): U64 | undefined {
    const [, mnemonic = "", operands = ""] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
    const [target = "", ...sources] = operands.split(/[\s,()]+/);
    if (mnemonic === "mtctr" || mnemonic === "mtlr") return this.#known.get(target);
    if (mnemonic.startsWith("b")) this.#known.clear();
    else if (/^r\d+$/.test(target) && !/^(st|cmp|t[wd])/.test(mnemonic))
      this.#set(target, this.#value(mnemonic, sources, /# ([0-9a-f]+)/.exec(operands)?.[1]));
    return undefined;
  }

  #set(register: string, value: U64 | undefined): void {
    if (value === undefined) this.#known.delete(register);
    else this.#known.set(register, value);
  }

  #before(register: string): U64 | undefined {
    if (register === "r2") return this.#kernel?.toc;
    return register === "r13" ? this.#kernel?.paca : this.#known.get(register);
  }

  /** @param shown the address that stands behind an instruction that counts from its own */
  #value(
    mnemonic: string,
    [first = "", second = ""]: readonly string[],
    shown: string | undefined,
  ): U64 | undefined {
    const operand = Number(second);
    switch (mnemonic) {
      case "li":
        return u64(Number(first));
      case "lis":
        return u64(Number(first) * 0x1_0000);
      case "mr":
        return this.#before(first);
      case "addi":
      case "paddi":
        return this.#before(first)?.add(u64(operand));
      case "addis":
        return this.#before(first)?.add(u64(operand * 0x1_0000));
      case "ori":
        return this.#before(first)?.or(u64(operand));
      case "oris":
        return this.#before(first)?.or(u64(operand * 0x1_0000));
      case "sldi":
        return this.#before(first)?.shl(operand);
      case "pla":
        return shown === undefined ? undefined : parseU64(`0x${shown}`);
      case "ld": {
        const address = this.#before(second)?.add(u64(Number(first)));
        return address === undefined ? undefined : this.#kernel?.doubleword(address);
      }
      default:
        return undefined;
    }
  }
}
