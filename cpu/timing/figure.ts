// Numbers of the timing models: each with its source, or an unknown with the range that it may lie in.
// It holds no number of any processor.

/** How unknown figures are taken in one instance of a model: `low` makes code faster, `high` slower. */
export const assumptions = ["low", "typical", "high"] as const;
/** How unknown figures are taken in one instance of a model. */
export type Assumption = (typeof assumptions)[number];

/**
 * A number with its source, or one that nobody publishes: what is known of it, and what it may be. `low` is the value that makes code
 * faster, `high` the one that makes it slower, so `low` may be the larger number.
 */
export type Figure =
  | { readonly value: number; readonly source: string }
  | { readonly low: number; readonly typical: number; readonly high: number; readonly unknown: string };

/** A number that `source` gives. */
export function known(value: number, source: string): Figure {
  return Object.freeze({ value, source });
}

/** A number without a source; `why` says what is known of it. */
export function unknown(low: number, typical: number, high: number, why: string): Figure {
  return Object.freeze({ low, typical, high, unknown: why });
}

/** The number itself; of an unknown one what the assumption takes for it. */
export function figureValue(figure: Figure, assumption: Assumption): number {
  return "value" in figure ? figure.value : figure[assumption];
}

/** Has nobody published the number? */
export function isUnknown(figure: Figure): boolean {
  return "unknown" in figure;
}
