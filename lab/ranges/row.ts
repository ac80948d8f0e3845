// What one cell of the matrix comes to: the members of a row of `farcall ranges --json`, and what is known beside them.
// Types only.
import type { CallEncodingName } from "../../bpf/core/encoding/encoding.ts";
import type { Refusal } from "./refusal.ts";

/** Layout × strategy × encoding; each spelled as on the command line. */
export interface Cell {
  readonly layout: string;
  /** With an argument, or without where a matrix of all strategies is to choose one. */
  readonly imageAlloc: string;
  readonly callEncoding: CallEncodingName;
}

/** A row as docs/cli.md has it; 64-bit values are hex strings. Null: there is no such thing in this cell. */
export interface Row {
  readonly layout: string;
  readonly image_alloc: string;
  readonly call_encoding: CallEncodingName;
  /** Whether the program was loaded: checked, compiled, its calls encoded. */
  readonly loads: boolean;
  /** Why it was not loaded, or why a run ended that neither returned nor oopsed: errno and message in one line. */
  readonly error: string | null;
  /** Whether it returned what it returns under aux-func with module_alloc on the same layout. */
  readonly runs: boolean;
  readonly retval: number | null;
  /** How the kernel died and where: one line. */
  readonly oops: string | null;
  /** Null where there was no kernel at all. */
  readonly bpf_call_base: string | null;
  /** Of every function, main first: the code, or with ELFv1 the descriptor. */
  readonly images: readonly string[] | null;
  /** Fewest two's complement bits for callee - __bpf_call_base over every callee; null where nothing is called. */
  readonly signed_bits: number | null;
  readonly fits_s32: boolean | null;
  readonly fits_48: boolean | null;
  /** Call instructions between functions of the program. */
  readonly calls: number;
  /** Those from whose place a `bl` reaches the callee. */
  readonly calls_in_bl_reach: number | null;
  /** Held for the images of this program. */
  readonly ram_bytes: number | null;
  readonly va_bytes: number | null;
  /** Calls whose callee a dump names, with kallsyms of JITed code and without. */
  readonly resolved_with_kallsyms: number | null;
  readonly resolved_without_kallsyms: number | null;
}

/** A cell by itself, before it is compared with others. */
export interface Measurement {
  /** `runs` is false still. */
  readonly row: Row;
  /** r0 and the packet as the program left it, in hex; null where it did not return. Of what others are compared with also where
   * the program is refused for its sequences: by the default ones then. */
  readonly returned: string | null;
  /** Undefined where the program was loaded and could be started. */
  readonly refusal: Refusal | undefined;
}
