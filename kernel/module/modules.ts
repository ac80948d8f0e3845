// The modules of one kernel: loading, symbols between them, the list. Set up when it is first asked for, as BPF is.
import { hex64, u64, type U64 } from "../../word/long.ts";
import type { Kernel } from "../kernel.ts";
import { moduleFunctions } from "../functions/table.ts";
import { ModuleError, noExec } from "./error.ts";
import { mustBeUnique } from "./exports.ts";
import { loadModule } from "./loader.ts";
import { Module } from "./module.ts";
import { STUB_CODE_BYTES, type Stub } from "./stubs.ts";
import type { Lookup } from "./symbols.ts";

export interface ModuleLoadOptions {
  /** For an object that does not say its name in .modinfo; default `module`. */
  readonly name?: string;
}

type Found = Lookup & { readonly owner?: Module };

export class Modules {
  readonly #kernel: Kernel;
  readonly #loaded: Module[] = [];

  /** Puts the functions that modules expect into kernel text. */
  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    for (const kernelFunction of moduleFunctions(kernel)) kernel.addFunction(kernelFunction);
  }

  /** Those that are there, the newest first, as in /proc/modules. */
  get list(): readonly Module[] {
    return this.#loaded;
  }

  /** Their names as an oops has them: `(+)` behind one that is coming, `(-)` one that is going. @linux kernel/module/main.c print_modules */
  get flagged(): readonly string[] {
    const flags = { coming: "(+)", live: "", going: "(-)", gone: "" };
    return this.#loaded.map(({ name, state }) => name + flags[state]);
  }

  /**
   * Loads a relocatable object, a real .ko or what `gcc -c` makes; its init is not called yet.
   * @throws ModuleError as init_module(2) would fail; nothing is left then
   * @linux kernel/module/main.c load_module
   */
  load(bytes: Uint8Array, options: ModuleLoadOptions = {}): Module {
    const parts = loadModule(this.#kernel, bytes, {
      name: options.name ?? "module",
      checkName: (name) => {
        this.#checkName(name);
      },
      find: (symbol) => this.#find(symbol),
      checkExports: (name, file, exported) => {
        if (mustBeUnique(file)) this.#checkExports(name, exported);
      },
    });
    const module = new Module(this.#kernel, this, parts);
    const { kallsyms } = this.#kernel;
    for (const symbol of module.symbols) kallsyms.add({ ...symbol, module: module.name });
    this.#loaded.unshift(module);
    return module;
  }

  /** The stub whose code is at an address, with its module; undefined where there is none. */
  stubAt(address: U64): { readonly stub: Stub; readonly module: Module } | undefined {
    for (const module of this.#loaded) {
      const stub = module.stubs.find((each) => address.sub(each.address).lt(u64(STUB_CODE_BYTES)));
      if (stub !== undefined) return { stub, module };
    }
    return undefined;
  }

  users(module: Module): readonly Module[] {
    return this.#loaded.filter(({ uses }) => uses.includes(module));
  }

  remove(module: Module): void {
    const index = this.#loaded.indexOf(module);
    if (index < 0) throw new Error(`module ${module.name} is not loaded`);
    this.#loaded.splice(index, 1);
    for (const symbol of module.symbols) this.#kernel.kallsyms.remove(symbol.address);
  }

  /** @linux kernel/module/main.c module_patient_check_exists */
  #checkName(name: string): void {
    const old = this.#loaded.find((module) => module.name === name);
    if (old === undefined) return;
    throw new ModuleError(old.state === "live" ? "EEXIST" : "EBUSY", `module ${name} is there already`);
  }

  /** The kernel first, then modules, the oldest first. @linux kernel/module/main.c find_symbol */
  #find(symbol: string): Found {
    const own = this.#kernel.text.exported(symbol);
    if (own !== undefined) return { kind: "found", value: own };
    const owner = this.#loaded.findLast(({ exports }) => exports.has(symbol));
    const value = owner?.exports.get(symbol);
    if (owner === undefined || value === undefined) return { kind: "unknown" };
    return owner.state === "live" ? { kind: "found", value, owner } : { kind: "busy" };
  }

  /** @linux kernel/module/main.c verify_exported_symbols */
  #checkExports(name: string, exported: ReadonlyMap<string, U64>): void {
    for (const [symbol, address] of exported) {
      const found = this.#find(symbol);
      if (found.kind === "unknown") continue;
      const owner = found.kind === "found" ? (found.owner?.name ?? "kernel") : "a module that is coming";
      throw noExec(`${name}: exports duplicate symbol ${symbol} (owned by ${owner}), at ${hex64(address)}`);
    }
  }
}
