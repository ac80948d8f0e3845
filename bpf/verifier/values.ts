// What is known of a register or stack slot while a program is looked at, and how two possibilities become one.
// Coarse on purpose: where pointers to the context and the stack go is tracked, ranges of numbers are not.

/** Something that a register or an 8-byte stack slot may hold. */
export type Value =
  /** Never written on any path that leads here. */
  | { readonly kind: "uninit" }
  /** A number; `value` where it is the same on every path, `max` a bound of it as an unsigned number. */
  | { readonly kind: "scalar"; readonly value: number | undefined; readonly max: number }
  /** The program's context, `off` bytes on; undefined where that differs. */
  | { readonly kind: "ctx"; readonly off: number | undefined }
  /** A place in the stack of frame `frame` (0 is the outermost), `off` bytes from its r10, at least `min`. */
  | { readonly kind: "stack"; readonly frame: number; readonly off: number | undefined; readonly min: number }
  /** A place in a stack on one path, at `min` or above, and another pointer or number on another; any frame if undefined. */
  | { readonly kind: "blurred"; readonly frame: number | undefined; readonly min: number }
  /** Address of the function that starts at slot `start`. */
  | { readonly kind: "function"; readonly start: number }
  /** The context on one path and something else on another. */
  | { readonly kind: "mixed" }
  /** Written, and none of the above for certain: other pointers, numbers from memory. */
  | { readonly kind: "unknown"; readonly max: number };

/** Bounds: of all 64-bit numbers, and of those whose bit 63 is 0. */
export const ANY = Infinity;
export const POSITIVE = 2 ** 63;

export const UNINIT: Value = { kind: "uninit" };
export const UNKNOWN: Value = { kind: "unknown", max: ANY };
export const MIXED: Value = { kind: "mixed" };
export const NUMBER: Value = { kind: "scalar", value: undefined, max: ANY };
export const CONTEXT: Value = { kind: "ctx", off: 0 };
export const FRAME_BYTES = 512;

/** A number of at most `max`, which becomes one of the bounds that are kept: exact ones, POSITIVE, ANY. */
export function numberUpTo(max: number): Value {
  return { kind: "scalar", value: undefined, max: kept(max) };
}

const kept = (max: number): number =>
  max <= Number.MAX_SAFE_INTEGER ? max : max <= POSITIVE ? POSITIVE : ANY;

/** A 32-bit result: the upper half is zero. */
export const WORD: Value = numberUpTo(0xffff_ffff);

/** The number `value`, if it is exact as a JavaScript number; otherwise any number. */
export function scalar(value: number): Value {
  if (!Number.isSafeInteger(value)) return NUMBER;
  return { kind: "scalar", value, max: value >= 0 ? value : ANY };
}

/** The constant whose halves are these, as signed numbers. */
export function number64(low: number, high: number): Value {
  if (high === (low < 0 ? -1 : 0)) return scalar(low);
  return high >= 0 ? numberUpTo(POSITIVE) : NUMBER;
}

/** Bound of a number, or of what may be one. */
export function maxOf(v: Value): number {
  return v.kind === "scalar" || v.kind === "unknown" ? v.max : ANY;
}

/** A place in a frame's stack; `min` defaults to the place itself. */
export function stackPlace(frame: number, off: number | undefined, min = off ?? -FRAME_BYTES): Value {
  return { kind: "stack", frame, off, min: Math.max(min, -FRAME_BYTES) };
}

/** Whether two values say the same. */
export function same(a: Value, b: Value): boolean {
  if (a === b) return true;
  switch (a.kind) {
    case "uninit":
    case "mixed":
      return b.kind === a.kind;
    case "scalar":
      return b.kind === "scalar" && a.value === b.value && a.max === b.max;
    case "ctx":
      return b.kind === "ctx" && a.off === b.off;
    case "stack":
      return b.kind === "stack" && a.frame === b.frame && a.off === b.off && a.min === b.min;
    case "blurred":
      return b.kind === "blurred" && a.frame === b.frame && a.min === b.min;
    case "function":
      return b.kind === "function" && a.start === b.start;
    case "unknown":
      return b.kind === "unknown" && a.max === b.max;
  }
}

// A bound that grows goes to the next of these, so that counting loops come to an end soon.
const BOUNDS = [1, 3, 7, 15, 31, 63, 127, 255, 0xffff, 0xffff_ffff, Number.MAX_SAFE_INTEGER, POSITIVE];

function maxOfBoth(a: Value, b: Value): number {
  const [known, other] = [maxOf(a), maxOf(b)];
  return other <= known ? known : (BOUNDS.find((bound) => bound >= other) ?? ANY);
}

/**
 * What is known where paths with `a` and `b` meet. A pointer that only one path has written is that path's: the other
 * could not use it. A number then is any number.
 */
export function join(a: Value, b: Value): Value {
  if (same(a, b)) return a;
  if (b.kind === "uninit") return a.kind === "scalar" ? NUMBER : a;
  if (a.kind === "uninit") return b.kind === "scalar" ? NUMBER : b;
  if (a.kind === "scalar" && b.kind === "scalar") {
    return { kind: "scalar", value: a.value === b.value ? a.value : undefined, max: maxOfBoth(a, b) };
  }
  if (a.kind === "ctx" && b.kind === "ctx") return { kind: "ctx", off: undefined };
  if (a.kind === "ctx" || b.kind === "ctx" || a.kind === "mixed" || b.kind === "mixed") return MIXED;
  if (a.kind === "stack" && b.kind === "stack" && a.frame === b.frame)
    return stackPlace(a.frame, a.off === b.off ? a.off : undefined, Math.min(a.min, b.min));
  if (isStack(a) || isStack(b)) return blur(a, b);
  return { kind: "unknown", max: maxOfBoth(a, b) };
}

type InStack = Value & { readonly kind: "stack" | "blurred" };

/** Whether it is, or may be, a place in a stack. */
export const isStack = (v: Value): v is InStack => v.kind === "stack" || v.kind === "blurred";

function blur(a: Value, b: Value): Value {
  if (!isStack(a)) return isStack(b) ? { kind: "blurred", frame: b.frame, min: b.min } : UNKNOWN;
  if (!isStack(b)) return { kind: "blurred", frame: a.frame, min: a.min };
  if (a.frame === b.frame) return { kind: "blurred", frame: a.frame, min: Math.min(a.min, b.min) };
  return { kind: "blurred", frame: undefined, min: -FRAME_BYTES };
}

/** The value with the knowledge that it is at most `max`, if it is a number. */
export function bounded(v: Value, max: number): Value {
  return (v.kind === "scalar" || v.kind === "unknown") && max < v.max ? { ...v, max: kept(max) } : v;
}

/** Text that is the same exactly for values that are the same. */
export function keyOf(v: Value): string {
  switch (v.kind) {
    case "uninit":
      return "-";
    case "mixed":
      return "m";
    case "unknown":
      return `u${v.max}`;
    case "scalar":
      return `n${v.value ?? ""}<${v.max}`;
    case "ctx":
      return `c${v.off ?? "?"}`;
    case "function":
      return `f${v.start}`;
    case "blurred":
      return `b${v.frame ?? "?"}:${v.min}`;
    case "stack":
      return `s${v.frame}:${v.off ?? "?"}:${v.min}`;
  }
}
