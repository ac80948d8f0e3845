// A module in the kernel: what it consists of, its life from the end of loading to the unloading. How it came in is loader.ts's.
import type { U64 } from "../../word/long.ts";
import type { CallOutcome } from "../entry.ts";
import type { Kernel } from "../kernel.ts";
import { DEFAULT_LEVEL } from "../log.ts";
import { ModuleError } from "./error.ts";
import type { ModuleFunction } from "./functions.ts";
import type { ModuleKfuncs } from "./kfuncs.ts";
import type { MemoryType } from "./layout.ts";
import type { ModuleMemory } from "./memory.ts";
import type { Stub } from "./stubs.ts";

/** `coming`: loaded, init has not returned; `going`: its exit did not return; `gone`: nothing of it is left. */
export type ModuleState = "coming" | "live" | "going" | "gone";

/** A section of the module in guest memory. */
export interface LoadedSection {
  readonly name: string;
  readonly memory: MemoryType;
  readonly address: U64;
  readonly size: number;
}

/** A named symbol of the module in guest memory. */
export interface LoadedSymbol {
  readonly name: string;
  readonly address: U64;
  readonly size: number;
  /** As in kallsyms: capital where it is global. */
  readonly type: "T" | "t" | "D" | "d";
}

export interface ModuleParts {
  readonly name: string;
  readonly sections: readonly LoadedSection[];
  readonly symbols: readonly LoadedSymbol[];
  readonly stubs: readonly Stub[];
  /** C pointers of what other modules may use. */
  readonly exports: ReadonlyMap<string, U64>;
  /** Its global functions. */
  readonly functions: ReadonlyMap<string, ModuleFunction>;
  readonly kfuncs: ModuleKfuncs;
  /** r2 in the module. */
  readonly toc: U64;
  readonly memory: ModuleMemory;
  /** C pointers of init_module and cleanup_module. */
  readonly initPointer: U64 | undefined;
  readonly exitPointer: U64 | undefined;
  /** Modules whose symbols it uses. */
  readonly uses: readonly Module[];
}

/** What the module asks of the table of modules. */
export interface ModuleTable {
  /** Modules that use a symbol of this one. */
  users(module: Module): readonly Module[];
  /** Takes it and its symbols out. */
  remove(module: Module): void;
}

export class Module {
  readonly name: string;
  readonly sections: readonly LoadedSection[];
  readonly symbols: readonly LoadedSymbol[];
  readonly stubs: readonly Stub[];
  readonly exports: ReadonlyMap<string, U64>;
  readonly functions: ReadonlyMap<string, ModuleFunction>;
  /** What of them it offers to BPF programs. */
  readonly kfuncs: ModuleKfuncs;
  readonly toc: U64;
  readonly uses: readonly Module[];
  readonly #parts: ModuleParts;
  readonly #kernel: Kernel;
  readonly #table: ModuleTable;
  #state: ModuleState = "coming";
  /** BPF programs that call its functions. */
  #holders = 0;

  constructor(kernel: Kernel, table: ModuleTable, parts: ModuleParts) {
    this.#kernel = kernel;
    this.#table = table;
    this.#parts = parts;
    this.name = parts.name;
    this.sections = parts.sections;
    this.symbols = parts.symbols;
    this.stubs = parts.stubs;
    this.exports = parts.exports;
    this.functions = parts.functions;
    this.kfuncs = parts.kfuncs;
    this.toc = parts.toc;
    this.uses = parts.uses;
  }

  get state(): ModuleState {
    return this.#state;
  }

  /** Bytes of memory held, in whole pages. */
  get bytes(): number {
    return this.#parts.memory.bytes;
  }

  /**
   * Calls init_module. A negative int takes the module out again; after an oops it stays as it is, for good as in Linux.
   * @returns undefined where the module has no init: it is live then
   * @throws ModuleError EBUSY where that has been done
   * @linux kernel/module/main.c do_init_module
   */
  init(): CallOutcome | undefined {
    if (this.#state !== "coming")
      throw new ModuleError("EBUSY", `${this.name} is ${this.#state}, not coming`);
    const pointer = this.#parts.initPointer;
    const outcome = pointer === undefined ? undefined : this.#kernel.call(pointer, []);
    if (outcome !== undefined && outcome.kind !== "return") return outcome;
    const result = outcome?.value.low ?? 0;
    if (result < 0) this.#free();
    else {
      if (result > 0) this.#warnOfResult(result);
      this.#parts.memory.initDone();
      this.#state = "live";
    }
    return outcome;
  }

  /** Keeps it from being unloaded, until what is returned is called. @linux kernel/module/main.c try_module_get */
  hold(): () => void {
    this.#holders++;
    let isHeld = true;
    return () => {
      if (isHeld) this.#holders--;
      isHeld = false;
    };
  }

  /**
   * Calls cleanup_module and takes the module out.
   * @returns how cleanup_module ended, undefined where there is none; after an oops the module stays, for good as in Linux
   * @throws ModuleError EWOULDBLOCK where another module or a BPF program uses it, EBUSY where it is not live or has init but no exit
   * @linux kernel/module/main.c delete_module
   */
  unload(): CallOutcome | undefined {
    const users = this.#table.users(this);
    if (users.length > 0) {
      const names = users.map(({ name }) => name).join(", ");
      throw new ModuleError("EWOULDBLOCK", `Module ${this.name} is in use by: ${names}`);
    }
    if (this.#holders > 0)
      throw new ModuleError("EWOULDBLOCK", `Module ${this.name} is in use by BPF programs`);
    if (this.#state !== "live") throw new ModuleError("EBUSY", `Module ${this.name} is ${this.#state}`);
    const { initPointer, exitPointer } = this.#parts;
    if (initPointer !== undefined && exitPointer === undefined)
      throw new ModuleError("EBUSY", `Module ${this.name} has no exit and cannot be unloaded`);
    this.#state = "going";
    const outcome = this.exit();
    if (outcome === undefined || outcome.kind === "return") this.#free();
    return outcome;
  }

  /** Calls cleanup_module, nothing more; undefined where there is none. */
  exit(): CallOutcome | undefined {
    const { exitPointer } = this.#parts;
    return exitPointer === undefined ? undefined : this.#kernel.call(exitPointer, []);
  }

  /** Takes the module out whatever state it is in, for a kernel that is to go on after an oops; Linux has no such thing. */
  discard(): void {
    if (this.#state !== "gone") this.#free();
  }

  #free(): void {
    this.#table.remove(this);
    this.#parts.memory.free();
    this.#state = "gone";
  }

  #warnOfResult(result: number): void {
    const { log } = this.#kernel;
    log.add(
      DEFAULT_LEVEL,
      `do_init_module: '${this.name}'->init suspiciously returned ${result}, it should follow 0/-E convention`,
    );
    log.add(DEFAULT_LEVEL, "do_init_module: loading module anyway...");
  }
}
