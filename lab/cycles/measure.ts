// Runs a program of a kernel under timing models of the kernel's processor. What is charged to what is meter.ts's.
import { TimingModel } from "../../cpu/timing/model.ts";
import { pagesOf } from "../../cpu/timing/pages.ts";
import { assumptions } from "../../cpu/timing/figure.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { CycleMeter } from "./meter.ts";
import { partsOf } from "./parts.ts";

/** A meter for programs of this kernel: the model of its processor, with unknown figures as likeliest, low and high. */
function meterOf(kernel: Kernel): CycleMeter {
  const { model } = kernel.cpu.state;
  const pages = pagesOf(kernel.cpu);
  const others = assumptions.filter((assumption) => assumption !== "typical");
  return new CycleMeter(
    new TimingModel({ model, pages }),
    others.map((assumption) => new TimingModel({ model, assumption, pages })),
    partsOf(kernel),
  );
}

/**
 * Meters what `execute` runs, which has to call `beginRun` before each repetition (TestRunInput.onRun). The processor must not have
 * another observer.
 */
export function measureCycles<T>(
  kernel: Kernel,
  execute: (beginRun: () => void) => T,
): { readonly result: T; readonly meter: CycleMeter } {
  const meter = meterOf(kernel);
  kernel.cpu.observe(meter);
  try {
    const result = execute(() => {
      meter.beginRun();
    });
    return { result, meter };
  } finally {
    kernel.cpu.observe(undefined);
  }
}
