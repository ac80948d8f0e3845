// Notes below the tables of ranges: texts that are too long for a cell, each once, by number.

/** Reasons of more characters than this become notes. */
const LONGEST_REASON = 60;

/** Long texts, each once, by number. */
export class Notes {
  /** By what they are about. */
  readonly #texts = new Map<string, string>();

  /**
   * `[1]`.
   * @param about what makes it the same note
   * @param text what is shown: of the first that is about it
   */
  number(about: string, text = about): string {
    if (!this.#texts.has(about)) this.#texts.set(about, text);
    return `[${[...this.#texts.keys()].indexOf(about) + 1}]`;
  }

  /** The reason; where it is long, its errno and the number of its note. */
  short(reason: string): string {
    if (reason.length <= LONGEST_REASON) return reason;
    const [errno = ""] = /^E[A-Z0-9]+(?=:)/.exec(reason) ?? [];
    return `${errno} ${this.number(reason)}`.trimStart();
  }

  lines(): readonly string[] {
    if (this.#texts.size === 0) return [];
    return ["", ...[...this.#texts.values()].map((text, i) => `[${i + 1}] ${text}`)];
  }
}

/** A strategy's name, without its argument. */
export const nameOf = (spelled: string): string => spelled.replace(/:.*/s, "");
