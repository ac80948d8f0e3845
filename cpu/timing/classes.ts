// The scheduling class of an instruction: instructions of one class take the same units for the same time on every processor.
// How long that is stands in the table of each processor.
import type { Row } from "../isa/row.ts";

/** Names of scheduling classes. `…-record` sets CR0, `…-update` leaves its address in RA. */
export const schedulingClasses = [
  "simple",
  "simple-record",
  "logic",
  "logic-record",
  "carry",
  "carry-record",
  "extended",
  "extended-record",
  "relative",
  "compare",
  "compare-bytes",
  "select",
  "set",
  "trap",
  "count",
  "count-record",
  "bytes",
  "bits",
  "rotate",
  "rotate-record",
  "shift-algebraic",
  "shift-algebraic-record",
  "multiply",
  "multiply-record",
  "divide-word",
  "divide-word-record",
  "divide",
  "divide-record",
  "divide-extended",
  "divide-extended-record",
  "modulo-word",
  "modulo",
  "cr-logical",
  "cr-field",
  "from-cr",
  "from-cr-field",
  "to-cr",
  "to-cr-field",
  "to-branch-register",
  "from-branch-register",
  "to-spr",
  "from-spr",
  "load",
  "load-algebraic",
  "load-update",
  "load-algebraic-update",
  "load-multiple",
  "load-quad",
  "load-reserve",
  "store",
  "store-update",
  "store-update-indexed",
  "store-multiple",
  "store-quad",
  "store-conditional",
  "cache",
  "sync",
  "branch",
  "prefixed-add",
  "prefixed-load",
  "prefixed-load-algebraic",
  "prefixed-store",
  "nop",
  "prefixed-nop",
  "system",
] as const;
/** The name of a scheduling class. */
export type SchedulingClass = (typeof schedulingClasses)[number];

/** SPR numbers of LR, CTR and TAR. */
const BRANCH_REGISTERS: readonly number[] = [8, 9, 815];

/** Classes by mnemonic, the first that fits; a class that has a record form is given without it. */
const byMnemonic: readonly (readonly [RegExp, SchedulingClass])[] = [
  [/^(b|bc|bclr|bcctr|bctar)$/, "branch"],
  [/^(cr(and|nand|or|nor|xor|eqv|andc|orc))$/, "cr-logical"],
  [/^(mcrf|mcrxrx)$/, "cr-field"],
  [/^mfcr$/, "from-cr"],
  [/^mfocrf$/, "from-cr-field"],
  [/^mtcrf$/, "to-cr"],
  [/^mtocrf$/, "to-cr-field"],
  [/^(lmw|lswi|lswx)$/, "load-multiple"],
  [/^(lq|plq)$/, "load-quad"],
  [/^l[bhwdq]arx$/, "load-reserve"],
  [/^st[bhwdq]cx\.$/, "store-conditional"],
  [/^(stmw|stswi|stswx)$/, "store-multiple"],
  [/^(stq|pstq)$/, "store-quad"],
  [/^pl[hw]a$/, "prefixed-load-algebraic"],
  [/^pl(bz|hz|wz|d)$/, "prefixed-load"],
  [/^pst[bhwd]$/, "prefixed-store"],
  [/^paddi$/, "prefixed-add"],
  [/^attn$/, "nop"], // where a host does work of its own, of which the processor knows nothing
  [/^pnop$/, "prefixed-nop"],
  [/^l[hw]aux?$/, "load-algebraic-update"],
  [/^l[hw]ax?$/, "load-algebraic"],
  [/^l([bhw]z|d)ux?$/, "load-update"],
  [/^l([bhw]z|d)(x|cix)?$|^l[bhwd]cix$|^l[hwd]brx$/, "load"],
  [/^st[bhwd]ux$/, "store-update-indexed"],
  [/^st[bhwd]u$/, "store-update"],
  [/^st[bhwd](x|cix|brx)?$/, "store"],
  [/^(addi|addis|add|subf|neg)$/, "simple"],
  [/^addpcis$/, "relative"],
  [/^(addic|subfic|addc|subfc)$/, "carry"],
  [/^(adde|addme|addze|subfe|subfme|subfze|addex)$/, "extended"],
  [/^(mulli|mullw|mulld|mulhwu?|mulhdu?|maddhdu?|maddld)$/, "multiply"],
  [/^divwu?$/, "divide-word"],
  [/^(divdu?|divweu?)$/, "divide"],
  [/^divdeu?$/, "divide-extended"],
  [/^mod[su]w$/, "modulo-word"],
  [/^mod[su]d$/, "modulo"],
  [/^cmpl?i?$/, "compare"],
  [/^(cmprb|cmpeqb)$/, "compare-bytes"],
  [/^isel$/, "select"],
  [/^set(b|n?bcr?)$/, "set"],
  [/^t[wd]i?$/, "trap"],
  [/^(andi\.|andis\.|x?oris?|and|andc|nand|or|orc|nor|xor|eqv|exts[bhw])$/, "logic"],
  [/^(cnt[lt]z[wd]|popcnt[bwd]|prty[wd]|cmpb)$/, "count"],
  [/^br[hwd]$/, "bytes"],
  [/^(bpermd|cnt[lt]zdm|pdepd|pextd|cfuged)$/, "bits"],
  [/^(rlwinm|rlwnm|rlwimi|rldicl|rldicr|rldic|rldimi|rldcl|rldcr|s[lr][wd]|extswsli)$/, "rotate"],
  [/^sra[wd]i?$/, "shift-algebraic"],
  [/^(dcb|icb)/, "cache"],
  [/^(sync|isync|eieio)$/, "sync"],
];

const recordForms: ReadonlyMap<SchedulingClass, SchedulingClass> = new Map(
  schedulingClasses.flatMap((name) => {
    const record = schedulingClasses.find((other) => other === `${name}-record`);
    return record === undefined ? [] : [[name, record] as const];
  }),
);

function baseClass(row: Row, fields: Readonly<Record<string, number>>): SchedulingClass {
  if (row.mnemonic === "mtspr" || row.mnemonic === "mfspr") {
    const isBranchRegister = BRANCH_REGISTERS.includes(fields["SPR"] ?? 0);
    const isTo = row.mnemonic === "mtspr";
    if (isBranchRegister) return isTo ? "to-branch-register" : "from-branch-register";
    return isTo ? "to-spr" : "from-spr";
  }
  if (row.mnemonic === "mftb") return "from-spr";
  return byMnemonic.find(([pattern]) => pattern.test(row.mnemonic))?.[1] ?? "system";
}

/** The preferred no-op, which waits for nothing and nothing for it: ori 0,0,0 [Power ISA v3.1B I 3.3.13]. */
export function isNop(row: Row, fields: Readonly<Record<string, number>>): boolean {
  return row.mnemonic === "ori" && ["RS", "RA", "UI"].every((name) => fields[name] === 0);
}

/** The class of an instruction. `fields` are those of its word: Rc decides, SPR of mtspr and mfspr, and whether all are 0 in ori. */
export function schedulingClass(row: Row, fields: Readonly<Record<string, number>>): SchedulingClass {
  if (isNop(row, fields)) return "nop";
  const base = baseClass(row, fields);
  const isRecord = fields["Rc"] === 1 || /^andis?\.$/.test(row.mnemonic);
  return (isRecord ? recordForms.get(base) : undefined) ?? base;
}
