// Addresses that pc-relative code loads: one doubleword for each symbol, in read-only memory.
// @linux arch/powerpc/kernel/module_64.c got_for_addr
import { hex64, type U64 } from "../../word/long.ts";
import { store64, type PlacedSection } from "./image.ts";

export class Got {
  readonly #section: PlacedSection | undefined;
  readonly #little: boolean;
  /** Address of the entry by what it holds. */
  readonly #entries = new Map<string, U64>();

  /** @param section undefined where the module needs none */
  constructor(section: PlacedSection | undefined, little: boolean) {
    this.#section = section;
    this.#little = little;
  }

  /** The entry that holds a value; undefined where no room is left. */
  entryFor(value: U64): U64 | undefined {
    const known = this.#entries.get(hex64(value));
    if (known !== undefined) return known;
    if (this.#section === undefined) return undefined;
    const { address, view } = this.#section;
    const offset = 8 * this.#entries.size;
    if (offset + 8 > view.byteLength) return undefined;
    store64(view, offset, value, this.#little);
    this.#entries.set(hex64(value), address.add(offset));
    return address.add(offset);
  }
}
