// Which memory a system operation accesses: for the stream of executed instructions. The accesses themselves are storage.ts's.
import type { U64 } from "../../word/long.ts";
import type { SystemOperation, SystemOperations } from "../isa/machine.ts";
import type { DataAccess } from "../recorder.ts";
import type { SystemContext } from "./context.ts";
import { CACHE_BLOCK } from "./storage.ts";

/** Kind, address as computed, and bytes. */
type Access = readonly [kind: DataAccess["kind"], ea: U64, bytes: number];
type Accesses = {
  readonly [N in SystemOperation]?: (context: SystemContext, ...operands: SystemOperations<U64>[N]) => Access;
};

/** Bytes of a string whose length is in XER. */
function stringBytes({ state }: SystemContext): number {
  return state.xer.low & 127;
}

/** Bytes of the registers from `first` to 31. */
function multipleBytes(first: unknown): number {
  return 4 * (32 - (first as number));
}

const accesses = Object.freeze<Accesses>({
  lmw: (_, RT, ea) => ["load", ea, multipleBytes(RT)],
  stmw: (_, RS, ea) => ["store", ea, multipleBytes(RS)],
  lswi: (_, _RT, ea, bytes) => ["load", ea, bytes.low],
  stswi: (_, _RS, ea, bytes) => ["store", ea, bytes.low],
  lswx: (context, _RT, ea) => ["load", ea, stringBytes(context)],
  stswx: (context, _RS, ea) => ["store", ea, stringBytes(context)],
  dcbz: (_, ea) => ["store", ea, CACHE_BLOCK],
  dcbf: (_, ea) => ["load", ea, 0],
  dcbst: (_, ea) => ["load", ea, 0],
  icbi: (_, ea) => ["load", ea, 0],
  loadInhibited: (_, bytes, _RT, ea) => ["load", ea, bytes],
  storeInhibited: (_, bytes, _s, ea) => ["store", ea, bytes],
  lq: (_, _RT, ea) => ["load", ea, 16],
  stq: (_, _RS, ea) => ["store", ea, 16],
  plq: (_, _RT, ea) => ["load", ea, 16],
  pstq: (_, _RS, ea) => ["store", ea, 16],
  lqarx: (_, _RT, ea) => ["load", ea, 16],
  stqcx: (_, _RS, ea) => ["store", ea, 16],
});

/** The access of an operation with these operands; undefined where it has none. */
export function accessOf(
  context: SystemContext,
  name: SystemOperation,
  operands: readonly unknown[],
): DataAccess | undefined {
  // That operands belong to the name is lost on the compiler.
  const access = accesses[name] as
    ((context: SystemContext, ...operands: readonly unknown[]) => Access) | undefined;
  if (access === undefined) return undefined;
  const [kind, ea, bytes] = access(context, ...operands);
  return { kind, ea: context.memory.effective(ea), bytes };
}
