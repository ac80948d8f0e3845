// What modules call when nothing can go on: the kernel stops with an oops whose detail says it. @linux kernel/panic.c
import { MemoryFault } from "../../bpf/memory.ts";
import type { Kernel, KernelFunction } from "../kernel.ts";
import { LEVELS } from "../log.ts";
import { formatted } from "./printk.ts";

export function panicFunctions(kernel: Kernel): readonly KernelFunction[] {
  const stop = (message: string): string => {
    const line = `Kernel panic - not syncing: ${message}`;
    kernel.log.add(LEVELS.emerg, line);
    return line;
  };
  return [
    {
      symbol: "panic",
      exported: true,
      call: (_args, caller) => {
        const message = formatted(kernel, caller, 0);
        return message instanceof MemoryFault ? message : caller.fail(stop(message));
      },
    },
    {
      symbol: "__stack_chk_fail",
      exported: true,
      call: (_args, caller) => caller.fail(stop("stack-protector: Kernel stack is corrupted")),
    },
  ];
}
