// Every function of kernel text that modules may call and whose body is TypeScript, in one list.
// Those that are guest code are kernel text's own, helpers are BPF's.
import type { Kernel, KernelFunction } from "../kernel.ts";
import { allocationFunctions } from "./allocation.ts";
import { registrationFunctions } from "./kfuncs.ts";
import { panicFunctions } from "./panic.ts";
import { printFunctions } from "./printk.ts";
import { sortFunctions } from "./sort.ts";

export function moduleFunctions(kernel: Kernel): readonly KernelFunction[] {
  return [
    ...printFunctions(kernel),
    ...allocationFunctions(kernel),
    ...sortFunctions(kernel),
    ...panicFunctions(kernel),
    ...(kernel.layout.version.kfuncs ? registrationFunctions(kernel) : []),
  ];
}
