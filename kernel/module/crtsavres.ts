// The routines that save and restore nonvolatile registers, which gcc -Os calls and every module has its own copy of
// [ELFv2 2.3.3; Linux 6.12 arch/powerpc/lib/crtsavres.S]. Floating-point and vector registers are not the kernel's to use.
import { encode } from "../../cpu/isa/encode.ts";

const FIRST = 14;
const LAST = 31;
/** Offset of the LR save doubleword in the caller's frame, both ABIs. */
const LR_SAVE = 16;

const families = ["_savegpr0_", "_restgpr0_", "_savegpr1_", "_restgpr1_"] as const;
type Family = (typeof families)[number];

/** The routine that a symbol names, as dots before it do not count; undefined where it names none. */
export function routineName(symbol: string): string | undefined {
  const [, name, register] = /^\.?(_(?:save|rest)gpr[01]_)(\d\d)$/.exec(symbol) ?? [];
  if (name === undefined || register === undefined) return undefined;
  return Number(register) >= FIRST && Number(register) <= LAST ? name + register : undefined;
}

/** The code of the families that the names belong to, and the offset in bytes of each routine in it. */
export function routines(names: readonly string[]): {
  readonly words: readonly number[];
  readonly offsets: ReadonlyMap<string, number>;
} {
  const words: number[] = [];
  const offsets = new Map<string, number>();
  for (const family of families.filter((prefix) => names.some((name) => name.startsWith(prefix)))) {
    const isLong = family === "_restgpr0_";
    // Each routine falls into the next; _restgpr0_ loads LR early in those that go on, so 30 and 31 have an end of their own.
    const runs = isLong ? [span(FIRST, 29), span(30, LAST)] : [span(FIRST, LAST)];
    for (const run of runs) {
      for (const register of run) {
        offsets.set(`${family}${register}`, 4 * words.length);
        words.push(move(family, register));
      }
      words.push(...ending(family, run.at(-1) ?? LAST));
    }
  }
  return { words, offsets };
}

function span(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** `0` routines count from r1 and handle LR too, `1` routines count from r12. */
function move(family: Family, register: number): number {
  const base = family.endsWith("0_") ? 1 : 12;
  const DS = -8 * (LAST + 1 - register);
  return family.startsWith("_save")
    ? encode("std", { RS: register, RA0: base, DS })
    : encode("ld", { RT: register, RA0: base, DS });
}

/** @param register that the run of routines ended with */
function ending(family: Family, register: number): readonly number[] {
  if (family === "_savegpr0_") return [encode("std", { RS: 0, RA0: 1, DS: LR_SAVE }), BLR];
  if (family !== "_restgpr0_") return [BLR];
  const rest = span(register + 1, LAST).map((n) => move(family, n));
  return [encode("ld", { RT: 0, RA0: 1, DS: LR_SAVE }), encode("mtspr", { SPR: 8, RS: 0 }), ...rest, BLR];
}

const BLR = encode("bclr", { BO: 20 });
