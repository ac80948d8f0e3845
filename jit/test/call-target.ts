// Where the code of a call goes, found by following its words with the meaning that the manual gives each: so that what a sequence
// claims can be checked at addresses that no test machine has memory for. Knows what calls are made of, nothing else.
import { allFields, decode, decodePrefixed } from "../../cpu/isa/decode.ts";
import { hex64, u64, type U64, ZERO } from "../../word/long.ts";

/** The code of a function. */
export interface CodeAt {
  /** Of the first word. */
  readonly address: U64;
  readonly words: readonly number[];
}

/** What a call may use. */
export interface CallSurroundings {
  /** GPRs that hold something known. */
  readonly gprs: ReadonlyMap<number, U64>;
  /** Doublewords of memory. */
  readonly load: (address: U64) => U64 | undefined;
}

export interface Arrival {
  readonly target: U64;
  /** Where it returns to. */
  readonly returnsTo: U64;
  /** GPRs on arrival: those that were known, and what was made of them. */
  readonly gprs: ReadonlyMap<number, U64>;
  /** How the instruction that arrives branches. */
  readonly through: "relative" | "ctr" | "lr";
}

const [CTR, LR] = [9, 8];
const MOST_INSTRUCTIONS = 40;

class Walk {
  readonly #code: CodeAt;
  readonly #load: CallSurroundings["load"];
  readonly #gprs: Map<number, U64>;
  readonly #sprs = new Map<number, U64>();
  readonly #start: number;
  #at: number;
  #returnsTo: U64 | undefined;

  constructor(code: CodeAt, start: number, { gprs, load }: CallSurroundings) {
    this.#code = code;
    this.#load = load;
    this.#gprs = new Map(gprs);
    this.#start = start;
    this.#at = start;
  }

  get here(): U64 {
    return this.#code.address.add(u64(4 * this.#at));
  }

  /** One instruction; where it arrived, if it left the code with a way back. */
  step(): Arrival | undefined {
    const word = this.#code.words[this.#at] ?? 0;
    const isPrefixed = word >>> 26 === 1;
    const suffix = this.#code.words[this.#at + 1] ?? 0;
    const row = isPrefixed ? decodePrefixed(word, suffix) : decode(word);
    if (row === undefined) throw new Error(`${hex64(this.here)} is no instruction`);
    const fields = isPrefixed ? allFields(row, suffix, word) : allFields(row, word);
    const f = (name: string): number => fields[name] ?? 0;
    const next = this.#at + (isPrefixed ? 2 : 1);
    switch (row.mnemonic) {
      case "addi":
        this.#gprs.set(f("RT"), this.#base(f("RA0")).add(u64(f("SI"))));
        break;
      case "addis":
        this.#gprs.set(f("RT"), this.#base(f("RA0")).add(u64(f("SI") * 0x1_0000)));
        break;
      case "paddi":
        this.#gprs.set(f("RT"), (f("R") === 1 ? this.here : this.#base(f("RA0"))).add(u64(f("SI"))));
        break;
      case "ori":
        if (f("RS") !== 0) this.#gprs.set(f("RA"), this.#gpr(f("RS")).or(u64(f("UI"))));
        break;
      case "oris":
        this.#gprs.set(f("RA"), this.#gpr(f("RS")).or(u64(f("UI") * 0x1_0000)));
        break;
      case "rldicr":
        if (f("SH") + f("ME") !== 63) throw new Error(`rldicr at ${hex64(this.here)} is no sldi`);
        this.#gprs.set(f("RA"), this.#gpr(f("RS")).shiftLeft(f("SH")));
        break;
      case "ld":
        this.#gprs.set(f("RT"), this.#doubleword(this.#base(f("RA0")).add(u64(f("DS")))));
        break;
      case "extsb":
      case "extsh":
      case "extsw":
      case "rldicl":
        // An argument as its callee wants it.
        this.#gprs.delete(f("RA"));
        break;
      case "mtspr":
        this.#sprs.set(f("SPR"), this.#gpr(f("RS")));
        break;
      case "b":
        return this.#branch(this.here.add(u64(f("LI"))), "relative", f("LK") === 1, next);
      case "bcctr":
        return this.#branch(this.#spr(CTR), "ctr", f("LK") === 1, next);
      case "bclr":
        return this.#branch(this.#spr(LR), "lr", f("LK") === 1, next);
      default:
        throw new Error(`${row.mnemonic} at ${hex64(this.here)} is nothing that calls are made of`);
    }
    this.#at = next;
    return undefined;
  }

  /** Relative branches forward inside the code go on: to a stub, or over the rest of a call. */
  #branch(target: U64, through: Arrival["through"], links: boolean, next: number): Arrival | undefined {
    if (links) this.#returnsTo = this.#code.address.add(u64(4 * next));
    const index = target.subtract(this.#code.address).toSigned().toNumber() / 4;
    if (through === "relative" && index > this.#start && index < this.#code.words.length) {
      this.#at = index;
      return undefined;
    }
    if (this.#returnsTo === undefined) throw new Error(`no way back from ${hex64(target)}`);
    return { target, returnsTo: this.#returnsTo, gprs: this.#gprs, through };
  }

  #base(gpr: number): U64 {
    return gpr === 0 ? ZERO : this.#gpr(gpr);
  }

  #gpr(gpr: number): U64 {
    const value = this.#gprs.get(gpr);
    if (value === undefined) throw new Error(`r${gpr} at ${hex64(this.here)} is not known`);
    return value;
  }

  #spr(spr: number): U64 {
    const value = this.#sprs.get(spr);
    if (value === undefined) throw new Error(`SPR ${spr} at ${hex64(this.here)} is not known`);
    return value.and(u64(-4));
  }

  #doubleword(address: U64): U64 {
    const value = this.#load(address);
    if (value === undefined) throw new Error(`nothing is known to be at ${hex64(address)}`);
    return value;
  }
}

/**
 * From the word at index `start` to the instruction that leaves `code`, perhaps by way of a stub inside of it.
 * @throws Error where a word is nothing that a call is made of, reads what is not known, or nothing arrives anywhere
 */
export function callTarget(code: CodeAt, start: number, surroundings: CallSurroundings): Arrival {
  const walk = new Walk(code, start, surroundings);
  for (let count = 0; count < MOST_INSTRUCTIONS; count++) {
    const arrival = walk.step();
    if (arrival !== undefined) return arrival;
  }
  throw new Error(`the call at ${hex64(walk.here)} arrives nowhere`);
}
