// Refusals: the ways in which a kernel says no to a strategy, a program or its input, told from bugs.
import { BpfLoadError } from "../../bpf/load-error.ts";
import { TestRunError } from "../../bpf/types/type.ts";
import { VerifierError } from "../../bpf/verifier/error.ts";
import { JitError } from "../../jit/error.ts";
import { OutOfMemoryError } from "../../kernel/error.ts";
import { ImageAllocError } from "../../kernel/image-alloc/strategy.ts";
import { AuditError } from "../audit.ts";

/** Where it can say no: `machine`: there is none of these options; `boot`: it cannot have the strategy; `run`: its input is none. */
export type RefusalStage = "machine" | "boot" | "load" | "verify" | "jit" | "run";

/** A no with its reason. */
export interface Refusal {
  readonly kind: "refusal";
  readonly stage: RefusalStage;
  /** As the kernel would return it; undefined where there is no kernel. */
  readonly errno: string | undefined;
  readonly message: string;
  /** The verifier's. */
  readonly log: string | undefined;
}

/** What `work` gives, or how it was refused. @throws what is no refusal */
export function refusing<T extends object>(stage: "boot" | "load" | "run", work: () => T): T | Refusal {
  try {
    return work();
  } catch (error) {
    const log = error instanceof VerifierError ? error.log : undefined;
    if (error instanceof VerifierError) return refusal("verify", error, log);
    if (error instanceof JitError) return refusal("jit", error);
    for (const known of [BpfLoadError, TestRunError, OutOfMemoryError, ImageAllocError, AuditError])
      if (error instanceof known) return refusal(stage, error);
    throw error;
  }
}

export function refusal(
  stage: RefusalStage,
  { errno, message }: { readonly errno?: string; readonly message: string },
  log?: string,
): Refusal {
  return { kind: "refusal", stage, errno, message, log };
}

/** Tells a refusal from what was asked for. */
export function isRefusal(value: object): value is Refusal {
  return "kind" in value && value.kind === "refusal";
}

/** `ERRNO: message`. */
export function reasonOf({ errno, message }: Refusal): string {
  return errno === undefined ? message : `${errno}: ${message}`;
}
