// Speed of the BPF interpreter over flat memory: `npx vitest bench bpf/interpreter.bench.ts`; a run is a million instructions.
import { bench, describe } from "vitest";
import { assembled, testKernel } from "./test/kernel.ts";

const loops = {
  arithmetic:
    "r1 = 142857\n1:\n r0 += r1\n r0 ^= 0x55\n w0 *= 3\n r1 -= 1\n r0 >>= 1\n r2 = r0\n if r1 != 0 goto 1b\n exit",
  memory:
    "r1 = 166666\n1:\n *(u64 *)(r10 - 8) = r1\n r2 = *(u64 *)(r10 - 8)\n r0 += r2\n *(u8 *)(r10 - 16) = r0\n r1 -= 1\n if r1 != 0 goto 1b\n exit",
  calls:
    "r6 = 142857\n1:\n r1 = r6\n call f\n r6 -= 1\n if r6 != 0 goto 1b\n exit\nf:\n r0 = r1\n r0 += 1\n exit",
};

describe("a million BPF instructions", () => {
  for (const [name, text] of Object.entries(loops)) {
    const program = testKernel().core.load(assembled(text));
    bench(name, () => void program.interpret([]));
  }
});
