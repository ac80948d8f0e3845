// Functions of the kernel's text and of a module that count their calls in r28, as driver.ts's functions do: what helper calls and
// modules call. That of the text is put there as the kernel's own are, and guest code takes the place of its trap.
import { hex64, u64 } from "../../word/long.ts";
import { assemble } from "../../cpu/isa/assemble.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KERNEL_BASE } from "../../kernel/layout/image.ts";
import { regionNamed } from "../../kernel/layout/layout.ts";
import type { CalleeOfSite } from "./call-maker.ts";
import { text } from "./code.ts";
import { loadModuleFunction, MAKE_TOC_BYTES } from "./module-function.ts";

/** Its symbol; modules may use it. */
export const COUNTING_FUNCTION = "farcall_count_call";
const COUNT = "addi r28,r28,1";

/** Adds it to a kernel that does not have it. */
export function addCountingFunction(kernel: Kernel): CalleeOfSite {
  const global = kernel.addFunction({
    symbol: COUNTING_FUNCTION,
    exported: true,
    call: () => {
      throw new Error(`${COUNTING_FUNCTION} traps no more`);
    },
  });
  const local = kernel.text.localEntry(global);
  const real = local.sub(KERNEL_BASE);
  if (real.high !== 0) throw new Error(`${COUNTING_FUNCTION} at ${hex64(local)}`);
  const [count = 0] = assemble(COUNT).words;
  kernel.cpu.ram.store(4, real.low >>> 0, u64(count), kernel.endian);
  return { kind: "core", to: { global, local }, callee: COUNTING_FUNCTION };
}

/** What others hold before the module, so that its address has no zeros that a constant would be shorter for. */
const BEFORE_BYTES = 0x123_0000;
const NOPS_BEFORE = 24;

/** Loads a module with a function that counts, for good. @throws ModuleError */
export function addCountingModule(kernel: Kernel): CalleeOfSite {
  const name = "count_call_in_module";
  const { start, end } = regionNamed(kernel.layout, "vmalloc");
  kernel.vmallocNodeRange({ size: BEFORE_BYTES, start, end, pages: [] });
  const { pointer } = loadModuleFunction(kernel, {
    name,
    code: "toc",
    items: [text(`${COUNT}; blr`)],
    nopsBefore: NOPS_BEFORE,
  });
  return { kind: "module", to: { global: pointer, local: pointer.add(MAKE_TOC_BYTES) }, callee: name };
}
