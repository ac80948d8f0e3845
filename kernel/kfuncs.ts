// What a kernel and its modules offer to BPF programs beside helpers. How a program's names become calls is bpf/core's.
import type { U64 } from "../word/long.ts";
import type { OfferedFunction } from "../bpf/core/kfuncs.ts";
import { BpfLoadError } from "../bpf/load-error.ts";
import { coreKfuncs } from "./functions/kfuncs.ts";
import type { Kernel } from "./kernel.ts";
import type { Module } from "./module/module.ts";

/** The kernel's own functions by name, and those of its modules, which come and go. */
export class KernelFunctions {
  readonly #kernel: Kernel;
  readonly #core = new Map<string, { readonly id: number; readonly address: U64 }>();

  /** Puts the kernel's own into its text. */
  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    if (!kernel.layout.version.kfuncs) return;
    coreKfuncs.forEach(({ prototype, function: body }, index) => {
      this.#core.set(prototype.name, { id: typeId(index), address: kernel.addFunction(body) });
    });
  }

  /**
   * The kernel's own first, then modules', the oldest first, once their init has returned.
   * DIVERGES(btf_vmlinux): the kernel has no types of its own here. Numbers are made up, and where a module's types do not tell a
   * function's, the program's declaration is believed.
   * @throws BpfLoadError ENOTSUPP where the kernel's JIT knows no such calls
   * @linux tools/lib/bpf/libbpf.c find_ksym_btf_id
   */
  find(name: string): OfferedFunction | undefined {
    const { version } = this.#kernel.layout;
    if (!version.kfuncs)
      throw new BpfLoadError(
        `call of kernel function ${name}: powerpc has such calls since Linux 6.10, this kernel is as ${version.name}`,
        "ENOTSUPP",
      );
    const core = this.#core.get(name);
    if (core !== undefined) return { ...ANYBODYS, name, ...core };
    // What else the kernel has can be found, but is not to be called.
    const { text, modules } = this.#kernel;
    const address = text.exported(name) ?? text.guestCode(name);
    if (address !== undefined)
      return { ...ANYBODYS, name, id: typeId(this.#core.size), address, flags: () => undefined };
    const owner = modules.list.findLast(({ state, functions }) => state === "live" && functions.has(name));
    return owner === undefined ? undefined : this.#ofModule(owner, name);
  }

  #ofModule(module: Module, name: string): OfferedFunction | undefined {
    const { functions, kfuncs, exports } = module;
    const found = functions.get(name);
    if (found === undefined) return undefined;
    const { pointer: address, code, local } = found;
    return {
      name,
      id: typeId(this.#core.size + 1 + [...functions.keys()].indexOf(name)),
      module: module.name,
      address,
      entries: { global: code, local },
      prototype: kfuncs.prototype(name),
      flags: (type) => (kfuncs.hasSets ? kfuncs.flags(name, type) : exports.has(name) ? 0 : undefined),
      hold: () => module.hold(),
    };
  }
}

/** The kernel itself stays. */
const ANYBODYS = { module: undefined, flags: () => 0, hold: () => () => undefined };

/**
 * Number of a function's type: there are no other types here, so they are made up; odd ones, since bpftool looks for a symbol that many
 * bytes behind __bpf_call_base.
 */
const typeId = (index: number): number => 2 * index + 1;
