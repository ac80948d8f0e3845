// What a function of the kernel that programs may call looks like: its prototype, and how its arguments are passed.
// Who may call what, and checks of arguments, are others' business.

/** The most arguments that registers of BPF hold. @linux include/linux/bpf.h MAX_BPF_FUNC_REG_ARGS */
export const MAX_KFUNC_ARGS = 5;

/** A type as the kernel's check of calls sees it, qualifiers and typedefs looked through. */
export type KfuncType =
  | { readonly kind: "void" }
  /** An integer or enumeration; an enumeration has no sign. */
  | { readonly kind: "scalar"; readonly bytes: number; readonly isSigned: boolean }
  | { readonly kind: "pointer"; readonly to: Pointee }
  /** Everything else; `spelling` as in Linux's messages: `STRUCT`. */
  | { readonly kind: "other"; readonly spelling: string; readonly bytes: number | undefined };

/** What a pointer points to. */
export interface Pointee {
  readonly kind: "void" | "scalar" | "struct" | "other";
  /** `STRUCT` and the like, as in Linux's messages. */
  readonly spelling: string;
  /** Empty where the type has none. */
  readonly name: string;
  /** Undefined where the type has no size. */
  readonly bytes: number | undefined;
  /** A number, or a structure of nothing but numbers: a program may point into any memory of its own. */
  readonly isPlain: boolean;
}

/** One parameter; the name is empty where a declaration has none. Linux reads meaning out of its end (`__sz`, `__k`). */
export interface KfuncParameter {
  readonly name: string;
  readonly type: KfuncType;
}

/** A function's name, parameters in order, and result. */
export interface KfuncPrototype {
  readonly name: string;
  readonly parameters: readonly KfuncParameter[];
  readonly result: KfuncType;
}

/** How one argument is passed. @linux include/linux/bpf.h struct btf_func_model */
export interface ArgumentModel {
  readonly bytes: number;
  readonly isSigned: boolean;
}

/** @linux kernel/bpf/btf.c btf_distill_func_proto */
export function argumentModels({ parameters }: KfuncPrototype): readonly ArgumentModel[] {
  return parameters.map(({ type }) => {
    switch (type.kind) {
      case "scalar":
        return { bytes: type.bytes, isSigned: type.isSigned };
      case "pointer":
        return { bytes: 8, isSigned: false };
      case "other":
        return { bytes: type.bytes ?? 0, isSigned: false };
      case "void":
        return { bytes: 0, isSigned: false };
    }
  });
}

/**
 * Whether a declaration means a function of this prototype: as many arguments, of the same kinds. Sizes of numbers are not compared.
 * @linux kernel/bpf/btf.c bpf_core_types_are_compat
 */
export function isCompatible(declared: KfuncPrototype, actual: KfuncPrototype): boolean {
  return (
    declared.parameters.length === actual.parameters.length &&
    sameKind(declared.result, actual.result) &&
    declared.parameters.every(({ type }, i) => {
      const other = actual.parameters[i]?.type;
      return other !== undefined && sameKind(type, other);
    })
  );
}

function sameKind(a: KfuncType, b: KfuncType): boolean {
  if (a.kind === "pointer" && b.kind === "pointer") return a.to.spelling === b.to.spelling;
  if (a.kind === "other" && b.kind === "other") return a.spelling === b.spelling;
  return a.kind === b.kind;
}

/** Bits that stand beside each function of a set; this one: it may return NULL. @linux include/linux/btf.h KF_RET_NULL, KF_TRUSTED_ARGS */
export const KF_RET_NULL = 1 << 2;
/** Pointers may not be NULL. */
export const KF_TRUSTED_ARGS = 1 << 4;
