// Which address a register holds when code calls through it: constants followed through a sequence that builds one.
// Follows straight code only, and what it does not know makes a register unknown.
import { u64, type U64 } from "../word/long.ts";

/** What is known of registers by name, in the line of code that comes next. */
export class LoadedAddresses {
  readonly #known = new Map<string, U64>();
  readonly #toc: U64 | undefined;

  /** @param toc what r2 holds in kernel code, where that is known */
  constructor(toc: U64 | undefined) {
    this.#toc = toc;
  }

  /** The address in the register that this line moves to CTR; other lines change what is known. */
  next(text: string): U64 | undefined {
    const [, mnemonic = "", operands = ""] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
    const [target = "", ...sources] = operands.split(/[\s,()]+/);
    if (mnemonic === "mtctr") return this.#known.get(target);
    if (mnemonic.startsWith("b")) this.#known.clear();
    else if (/^r\d+$/.test(target) && !/^(st|cmp|t[wd])/.test(mnemonic))
      this.#set(target, this.#value(mnemonic, sources));
    return undefined;
  }

  #set(register: string, value: U64 | undefined): void {
    if (value === undefined) this.#known.delete(register);
    else this.#known.set(register, value);
  }

  #value(mnemonic: string, [first = "", second = ""]: readonly string[]): U64 | undefined {
    const before = first === "r2" ? this.#toc : this.#known.get(first);
    const operand = Number(second);
    switch (mnemonic) {
      case "li":
        return u64(Number(first));
      case "lis":
        return u64(Number(first) * 0x1_0000);
      case "mr":
        return before;
      case "addi":
        return before?.add(u64(operand));
      case "addis":
        return before?.add(u64(operand * 0x1_0000));
      case "ori":
        return before?.or(u64(operand));
      case "oris":
        return before?.or(u64(operand * 0x1_0000));
      case "sldi":
        return before?.shl(operand);
      default:
        return undefined;
    }
  }
}
