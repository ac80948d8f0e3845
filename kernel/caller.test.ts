// Kernel functions and the guest code around them: arguments beyond registers, calls back, what is exported.
import { describe, expect, it } from "vitest";
import type { MemoryFault } from "../bpf/memory.ts";
import { hex64, u64, type U64 } from "../word/long.ts";
import { Kernel, type KernelOptions } from "./kernel.ts";
import { loadCode } from "./test/code.ts";

/** Calls the C pointer in r3 with ten arguments 10 to 19, the last two in the parameter save area at `area`. */
const caller = (area: number, loadTarget: string): string => `
  mflr 0; std 0,16(1); stdu 1,-160(1)
  li 0,18; std 0,${area + 64}(1)
  li 0,19; std 0,${area + 72}(1)
  ${loadTarget}
  li 3,10; li 4,11; li 5,12; li 6,13; li 7,14; li 8,15; li 9,16; li 10,17
  bctrl
  addi 1,1,160; ld 0,16(1); mtlr 0; blr`;

const machines: readonly (KernelOptions & { readonly text: string })[] = [
  { endian: "le", text: caller(32, "mr 12,3; mtctr 12") },
  { endian: "be", text: caller(48, "ld 0,0(3); mtctr 0; ld 2,8(3)") },
];

for (const { text, ...options } of machines) {
  const kernel = new Kernel({ ramBytes: 0x400_0000, ...options });
  describe(`a kernel function, ${kernel.abi}`, () => {
    it("reads its arguments from registers and from the caller's parameter save area", () => {
      let seen: (U64 | MemoryFault)[] = [];
      let back: U64 | undefined;
      const pointer = kernel.addFunction({
        symbol: "many",
        call: (_, from) => {
          seen = Array.from({ length: 10 }, (__, n) => from.argument(n));
          back = from.returnAddress;
          return u64(7);
        },
      });
      const image = loadCode(kernel, text);
      expect(kernel.call(image, [pointer])).toMatchObject({ kind: "return", value: u64(7) });
      expect(seen).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19].map((n) => u64(n)));
      const code = text.includes("ld 2,") ? image.add(24) : image;
      expect(back?.sub(code).toNumber()).toBeGreaterThan(0);
    });

    it("calls a guest function, whose instructions and failures are the caller's", () => {
      const add = loadCode(kernel, "add 3,3,4; blr");
      const bad = loadCode(kernel, "ld 3,8(3); blr");
      const endless = loadCode(kernel, "b .");
      const through = kernel.addFunction({
        symbol: "through",
        call: ([pointer, a, b], from) => {
          const outcome = from.call(pointer, [a, b]);
          return outcome.kind === "return" ? outcome.value.add(1) : outcome;
        },
      });
      expect(kernel.call(through, [add, u64(40), u64(1)])).toMatchObject({ kind: "return", value: u64(42) });
      const failed = kernel.call(through, [bad, u64(0)]);
      if (failed.kind !== "oops") throw new Error(failed.kind);
      expect([failed.oops.trap, hex64(failed.oops.dar)]).toEqual([0x300, hex64(u64(8))]);
      expect(hex64(failed.oops.nip)).toBe(hex64(kernel.abi === "elfv1" ? bad.add(24) : bad));
      const ended = kernel.call(through, [endless], { maxInsns: 500 });
      expect(ended.kind).toBe("max-insns");
      expect(ended.instructions).toBeLessThanOrEqual(500);
      expect(kernel.call(through, [add, u64(1), u64(1)])).toMatchObject({ kind: "return", value: u64(3) });
    });

    it("is found by its symbol where it is exported, and only there", () => {
      const open = kernel.addFunction({ symbol: "open_one", call: () => u64(0), exported: true });
      kernel.addFunction({ symbol: "hidden_one", call: () => u64(0) });
      expect(kernel.text.exported("open_one")).toEqual(open);
      expect(kernel.text.exported("hidden_one")).toBeUndefined();
    });
  });
}
