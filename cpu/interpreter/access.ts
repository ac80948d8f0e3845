// Loads and stores as code: the TLB is looked up inline, an import fills it, and what cannot be done in one page leaves.
import type { Bytes } from "../isa/machine.ts";
import { STATE, type Endian } from "../state.ts";
import { GRANULE, TLB_ENTRIES, TLB_ENTRY_BYTES } from "../tlb.ts";
import { GenerateError, type Emitter } from "../wasm/emitter.ts";
import { unsigned } from "../wasm/module.ts";
import { PURE, binary, constant, loadState, unary, type Node } from "../wasm/node.ts";
import { CONTROL, NUMERIC, type MemoryAccess } from "../wasm/opcodes.ts";
import { swap32, swap64 } from "../wasm/swap.ts";
import { REFILL, refillArgument, type Recording } from "./locals.ts";
import { recordAccess } from "./record.ts";

type Order = "guest" | "reversed";

const LOADS: Readonly<Record<Bytes, MemoryAccess>> = {
  1: "i64.load8_u",
  2: "i64.load16_u",
  4: "i64.load32_u",
  8: "i64.load",
};
const STORES: Readonly<Record<Bytes, MemoryAccess>> = {
  1: "i64.store8",
  2: "i64.store16",
  4: "i64.store32",
  8: "i64.store",
};

const i32 = (n: number): Node => constant(n, 32);
const low = (node: Node): Node => unary("i32.wrap_i64", node);

/** The accesses of one handler. */
export class Accesses {
  readonly #emitter: Emitter;
  readonly #endian: Endian;
  readonly #recording: Recording;

  constructor(emitter: Emitter, endian: Endian, recording: Recording) {
    this.#emitter = emitter;
    this.#endian = endian;
    this.#recording = recording;
  }

  /** The place of `ea`, which is bound, in the memory; leaves where the access cannot be done within one page. */
  #reach(access: "load" | "store", bytes: Bytes, ea: Node): Node {
    const emitter = this.#emitter;
    if (emitter.writes > 0) throw new GenerateError(`${emitter.what}: ${access} after a write`);
    if (this.#recording === "recording") recordAccess(emitter, access, bytes, ea);
    const table = access === "load" ? STATE.TLBLOAD : STATE.TLBSTORE;
    const index = binary("i32.shr_u", low(ea), i32(Math.log2(GRANULE) - Math.log2(TLB_ENTRY_BYTES)));
    const entry = emitter.bind(binary("i32.and", index, i32((TLB_ENTRIES - 1) * TLB_ENTRY_BYTES)));
    const offset = binary("i64.xor", ea, loadState(table, 64, PURE, entry));
    emitter.when(binary("i64.gt_u", offset, constant(GRANULE - bytes)), () => {
      emitter.storeOwn(STATE.EA, ea);
      emitter.emit(i32(refillArgument(access, bytes)));
      emitter.op(CONTROL.call, ...unsigned(REFILL));
      emitter.op(NUMERIC["i32.eqz"]);
      emitter.exitIf("leave");
    });
    return binary("i32.add", low(ea), loadState(table + 8, 32, PURE, entry));
  }

  /** The same for an access that has to be aligned, bound; leaves where it is not. */
  #reachAligned(access: "load" | "store", bytes: Bytes, ea: Node): Node {
    const address = this.#emitter.bind(ea);
    this.#emitter.leaveIf(binary("i32.and", low(address), i32(bytes - 1)));
    return this.#emitter.bind(this.#reach(access, bytes, address));
  }

  #loaded(bytes: Bytes, address: Node, order: Order): Node {
    const { writes: reads } = this.#emitter;
    return this.#ordered(
      bytes,
      { kind: "load", access: LOADS[bytes], address, offset: 0, width: 64, reads },
      order,
    );
  }

  #write(bytes: Bytes, address: Node, value: Node): void {
    this.#emitter.emit(address);
    this.#emitter.emit(value);
    this.#emitter.memory(STORES[bytes], 0);
  }

  /** Bytes reversed where the guest's order, or the reverse of it, is not WebAssembly's. */
  #ordered(bytes: Bytes, v: Node, order: Order): Node {
    const little = (this.#endian === "le") === (order === "guest");
    if (little || bytes === 1) return v;
    if (bytes === 8) return swap64(this.#emitter.bind(v));
    const swapped = swap32(this.#emitter.bind(low(v)));
    return unary("i64.extend_i32_u", bytes === 4 ? swapped : binary("i32.shr_u", swapped, i32(16)));
  }

  load(bytes: Bytes, ea: Node, order: Order): Node {
    return this.#loaded(bytes, this.#reach("load", bytes, this.#emitter.bind(ea)), order);
  }

  store(bytes: Bytes, ea: Node, v: Node, order: Order): void {
    const value = this.#ordered(bytes, v, order);
    this.#write(bytes, this.#reach("store", bytes, this.#emitter.bind(ea)), value);
  }

  loadReserve(bytes: Bytes, ea: Node): Node {
    const address = this.#reachAligned("load", bytes, ea);
    this.#emitter.storeOwn(STATE.RESERVEPLACE, address);
    this.#emitter.storeOwn(STATE.RESERVEBYTES, i32(bytes));
    return this.#loaded(bytes, address, "guest");
  }

  /** Stores where the reservation is of this place and length, and ends it. @returns whether it stored. */
  storeConditional(bytes: Bytes, ea: Node, v: Node): Node {
    const emitter = this.#emitter;
    const address = this.#reachAligned("store", bytes, ea);
    const own = (offset: number): Node => loadState(offset, 32, PURE);
    const same = binary("i32.eq", own(STATE.RESERVEPLACE), address);
    const stored = emitter.bind(
      binary("i32.and", same, binary("i32.eq", own(STATE.RESERVEBYTES), i32(bytes))),
    );
    emitter.when(stored, () => {
      this.#write(bytes, address, this.#ordered(bytes, v, "guest"));
    });
    emitter.storeOwn(STATE.RESERVEBYTES, i32(0));
    return stored;
  }
}
