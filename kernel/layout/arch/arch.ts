// What a table of another machine's kernel layouts consists of. The figures are in the files beside it, one a machine.
import type { LinuxVersion } from "../../version.ts";
import type { Places } from "../reach.ts";

/** The direct call of an instruction set. */
export interface DirectCall {
  readonly name: string;
  /** Bits of its signed distance in bytes: 33 is 4 GiB each way. */
  readonly bits: number;
}

/** Where one configuration of a kernel has text and JITed images. */
export interface ArchLayout {
  readonly linux: LinuxVersion["name"];
  /** What the addresses depend on. */
  readonly configuration: string;
  /** Distances count from _text, unless `from` says otherwise. */
  readonly places: Places;
  readonly from?: string;
  /** File and symbol of each figure. */
  readonly sources: readonly string[];
}

export interface Architecture {
  readonly name: string;
  readonly call: DirectCall;
  readonly layouts: readonly ArchLayout[];
}
