// Storage and segment interrupts in guest code: registers survive those that are resolved and are shown as they were in an oops.
import { describe, expect, it } from "vitest";
import { MemoryFault } from "../../bpf/memory.ts";
import { hex64, u64, type U64 } from "../../word/long.ts";
import { Kernel, type KernelOptions } from "../kernel.ts";
import type { Oops } from "../oops.ts";
import { INTERRUPT_FRAME, PT_REGS } from "../pt-regs.ts";
import { loadCode } from "../test/code.ts";

const machines: readonly (KernelOptions & { readonly layout: string })[] = [
  { layout: "hash64k-4.15" },
  { layout: "hash64k-4.15", cpu: "power8", endian: "be" },
  { layout: "radix64k-6.12" },
  { layout: "hash4k-6.12", engine: "reference" },
];

/** Every register but r1, r3 and r13 gets a value; then a byte at r3 is read, which may fault, and one at r31, which does. */
const text = `
  ${[0, 2, ...Array.from({ length: 28 }, (_, i) => i + 4)]
    .filter((n) => n !== 13)
    .map((n) => `li ${n},${0x100 + n}`)
    .join("; ")}
  mtctr 5; mtlr 6; mtxer 0; lis 7,0x1234; ori 7,7,0x5678; mtcrf 255,7
  lbz 3,0(3)
  ori 1,1,0
  lbz 3,0(31)
  blr`;

function oopsOf(kernel: Kernel, pointer: U64, args: readonly U64[]): Oops {
  const outcome = kernel.call(pointer, args);
  if (outcome.kind !== "oops") throw new Error(outcome.kind);
  return outcome.oops;
}

for (const options of machines) {
  describe(`${options.layout} ${options.cpu ?? ""} ${options.endian ?? "le"} ${options.engine ?? ""}:`, () => {
    const kernel = new Kernel({ ramBytes: 0x400_0000, ...options });
    const code = loadCode(kernel, text);
    const fresh = (): U64 => {
      const area = kernel.moduleAlloc(1);
      if (area === undefined) throw new Error("no area");
      return area;
    };

    it("every register is the same behind an interrupt, and as it was in the oops", () => {
      const { gpr, ctr, lr, xer, cr, dar, trap } = oopsOf(kernel, code, [fresh()]);
      expect([0x300, 0x380]).toContain(trap);
      expect(gpr.map((value) => value.low)).toEqual(
        gpr.map((value, n) =>
          n === 3 ? 0 : n === 7 ? 0x1234_5678 : n === 1 || n === 13 ? value.low : 0x100 + n,
        ),
      );
      expect(hex64(gpr[13] ?? u64(0))).toBe(hex64(kernel.paca));
      expect([ctr.low, lr.low, xer.low, cr]).toEqual([0x105, 0x106, 0x100, 0x1234_5678]);
      expect(dar.low).toBe(0x100 + 31);
    });

    it("the frame on the kernel's stack is that of Linux", () => {
      const { gpr, nip, msr, dar, trap } = oopsOf(kernel, code, [fresh()]);
      const r1 = gpr[1] ?? u64(0);
      const frame = r1.sub(INTERRUPT_FRAME.bytes);
      const field = (offset: number): string => {
        const value = kernel.load(frame.add(offset), 8);
        return value instanceof MemoryFault ? "no memory" : hex64(value);
      };
      const regs = INTERRUPT_FRAME.regs;
      expect(field(0)).toBe(hex64(r1));
      expect(field(regs + PT_REGS.nip)).toBe(hex64(nip));
      expect(field(regs + PT_REGS.msr)).toBe(hex64(msr));
      expect(field(regs + PT_REGS.dar)).toBe(hex64(dar));
      expect(field(regs + PT_REGS.trap)).toBe(hex64(u64(trap)));
      expect(field(regs + PT_REGS.gpr + 8 * 31)).toBe(hex64(u64(0x100 + 31)));
    });

    it("what lies below the stack pointer stays, as far as code may use it", () => {
      const redZone = loadCode(
        kernel,
        `li 4,-288; 1: stdx 4,1,4; addi 4,4,8; cmpdi 4,0; blt 1b
         lbz 3,0(3)
         li 3,0; li 4,-288; 1: ldx 5,1,4; cmpd 5,4; bne 2f; addi 4,4,8; cmpdi 4,0; blt 1b
         blr; 2: li 3,1; blr`,
      );
      expect(kernel.call(redZone, [fresh()])).toMatchObject({ kind: "return", value: u64(0) });
    });

    it("a stack pointer that is none, one at the very end, and HSPRG0 lost: the interrupt is served all the same", () => {
      const elsewhere = loadCode(kernel, "mr 7,1; mr 1,4; mtspr 304,4; lbz 3,0(3); mr 1,7; blr");
      const { start, end } = kernel.stack;
      for (const r1 of [
        u64(0),
        u64(-1),
        u64(0x5a5a_5a5a),
        start,
        start.add(64),
        start.add(800),
        end,
        fresh(),
      ]) {
        const outcome = kernel.call(elsewhere, [fresh(), r1]);
        expect(outcome).toMatchObject({ kind: "return", value: u64(0), instructions: 6 });
        const { gpr } = oopsOf(kernel, elsewhere, [u64(0x10), r1]);
        expect(hex64(gpr[1] ?? u64(0))).toBe(hex64(r1));
      }
    });

    it("kallsyms has the entries, and no descriptors for them", () => {
      const names = kernel.kallsyms.symbols.filter(({ name }) =>
        /^\.?exc_virt_0x4[34]|^\.?exception_/.test(name),
      );
      expect(names.map(({ name, type }) => `${type} ${name}`)).toEqual([
        "t exc_virt_0x4300_data_access",
        "t exc_virt_0x4380_data_access_slb",
        "t exc_virt_0x4400_instruction_access",
        "t exc_virt_0x4480_instruction_access_slb",
        "t exception_common",
        "t exception_return",
      ]);
    });
  });
}
