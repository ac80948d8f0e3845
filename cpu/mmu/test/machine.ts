// A processor's registers and RAM as the MMU's tests need them, small and without engines.
import { ZERO, fromHalves, type U64 } from "../../../word/long.ts";
import { createMmu, type Mmu, type MmuState, type RealMemory } from "../mmu.ts";
import { Slb } from "../slb.ts";

export class TestRam implements RealMemory {
  readonly size: number;
  readonly view: DataView;
  /** Start and end of real addresses that are not memory. */
  hole: readonly [number, number] = [0, 0];

  constructor(size: number) {
    this.size = size;
    this.view = new DataView(new ArrayBuffer(size));
  }

  has(address: number, bytes: number): boolean {
    const [start, end] = this.hole;
    return address + bytes <= this.size && (address >= end || address + bytes <= start);
  }

  load(_bytes: 8, address: number): U64 {
    return fromHalves(this.view.getInt32(address), this.view.getInt32(address + 4));
  }

  store(_bytes: 8, address: number, value: U64): void {
    this.view.setInt32(address, value.high);
    this.view.setInt32(address + 4, value.low);
  }
}

export interface TestMachine {
  readonly mmu: Mmu;
  readonly slb: Slb;
  readonly ram: TestRam;
  msr: U64;
  readonly sprs: Map<string, U64>;
}

/** A machine with translation on in hypervisor state. */
export function testMachine(model: MmuState["model"], ramBytes: number): TestMachine {
  const entries = new Map<number, { readonly esid: U64; readonly vsid: U64 }>();
  const sprs = new Map<string, U64>();
  const none = { esid: ZERO, vsid: ZERO };
  const machine = { msr: fromHalves(0x9000_0000, 0x30) };
  const state: MmuState = {
    model,
    get msr() {
      return machine.msr;
    },
    spr: (name) => sprs.get(name) ?? ZERO,
    slbEntry: (n) => entries.get(n) ?? none,
    setSlbEntry: (n, entry) => void entries.set(n, entry),
  };
  const ram = new TestRam(ramBytes);
  return Object.assign(machine, { mmu: createMmu(state, ram), slb: new Slb(state), ram, sprs });
}

/** A number of up to 16 hex digits with `_` between them. */
export function x(digits: string): U64 {
  const hex = digits.replaceAll("_", "").padStart(16, "0");
  return fromHalves(Number.parseInt(hex.slice(0, 8), 16) | 0, Number.parseInt(hex.slice(8), 16) | 0);
}
