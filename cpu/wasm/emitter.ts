// Writes expressions and control flow as WebAssembly code. It knows of guest writes only that they are counted.
import { signed, unsigned } from "./module.ts";
import type { Node, Width } from "./node.ts";
import { constant, local, PURE } from "./node.ts";
import { CONTROL, EMPTY, MEMORY, NUMERIC, type MemoryAccess } from "./opcodes.ts";

/** A branch out of a handler, to be made a depth when its place in the module is known. */
export interface Exit {
  readonly to: "dispatch" | "leave";
  /** Blocks open in the handler at this place. */
  readonly depth: number;
}

/** Code with open exits. */
export type Code = readonly (number | Exit)[];

/** A row that breaks a rule; found while generating, always a bug in the row. */
export class GenerateError extends Error {
  override readonly name = "GenerateError";
}

/** Code with its exits closed: blocks from the handler's outermost to `dispatch` and to `leave` are given. */
export function closeExits(code: Code, depths: Readonly<Record<Exit["to"], number>>): number[] {
  return code.flatMap((part) => (typeof part === "number" ? part : unsigned(depths[part.to] + part.depth)));
}

/** Collects code; temporaries are locals that the next handler uses again. */
export class Emitter {
  /** What is emitted, for messages. */
  readonly what: string;
  code: (number | Exit)[] = [];
  /** Guest writes so far. */
  writes = 0;
  #depth = 0;
  readonly #used: Record<Width, number> = { 32: 0, 64: 0 };
  readonly #firstLocal: Readonly<Record<Width, number>>;

  constructor(what: string, firstLocal: Readonly<Record<Width, number>>) {
    this.what = what;
    this.#firstLocal = firstLocal;
  }

  /** Temporaries in use, by width. */
  get used(): Readonly<Record<Width, number>> {
    return this.#used;
  }

  temporary(width: Width): number {
    return this.#firstLocal[width] + this.#used[width]++;
  }

  op(...bytes: readonly number[]): void {
    for (const byte of bytes) this.code.push(byte);
  }

  /** Leaves the node's value on the stack. @throws GenerateError where it reads guest state that was written since. */
  emit(node: Node): void {
    if (node.reads !== PURE && node.reads !== this.writes)
      throw new GenerateError(
        `${this.what}: reads guest state before a write and uses it after; bind it with let`,
      );
    switch (node.kind) {
      case "constant": {
        const value = BigInt.asIntN(node.width, node.value);
        this.op(CONTROL[node.width === 64 ? "i64.const" : "i32.const"], ...signed(value));
        break;
      }
      case "local":
        this.op(CONTROL["local.get"], ...unsigned(node.index));
        break;
      case "load":
        this.emit(node.address);
        this.memory(node.access, node.offset);
        break;
      case "select":
        this.emit(node.then);
        this.emit(node.otherwise);
        this.emit(node.when);
        this.op(CONTROL.select);
        break;
      case "unary":
        this.emit(node.a);
        this.op(NUMERIC[node.op]);
        break;
      case "binary":
        this.emit(node.a);
        this.emit(node.b);
        this.op(NUMERIC[node.op]);
        break;
    }
  }

  /** A load or store whose operands are on the stack. Alignment is not promised. */
  memory(access: MemoryAccess, offset: number): void {
    this.op(MEMORY[access], 0, ...unsigned(offset));
  }

  setLocal(index: number, value: Node): void {
    this.emit(value);
    this.op(CONTROL["local.set"], ...unsigned(index));
  }

  /** The value, computed now, for use any number of times later. */
  bind(node: Node): Node {
    if (node.kind === "constant" || (node.kind === "local" && node.reads === PURE)) return node;
    const index = this.temporary(node.width);
    this.setLocal(index, node);
    return local(index, node.width);
  }

  /** Writes a place of the state that no guest sees. */
  storeOwn(offset: number, value: Node, address: Node = constant(0, 32)): void {
    this.emit(address);
    this.emit(value);
    this.memory(value.width === 64 ? "i64.store" : "i32.store", offset);
  }

  /** Writes the guest's state. */
  storeState(offset: number, value: Node, address?: Node): void {
    this.storeOwn(offset, value, address);
    this.writes++;
  }

  /** `body` where the condition holds. */
  when(condition: Node, body: () => void): void {
    this.emit(condition);
    this.op(CONTROL.if, EMPTY);
    this.#depth++;
    body();
    this.#depth--;
    this.op(CONTROL.end);
  }

  leaveIf(condition: Node): void {
    this.when(condition, () => {
      this.exit("leave");
    });
  }

  exit(to: Exit["to"]): void {
    this.op(CONTROL.br);
    this.code.push({ to, depth: this.#depth });
  }

  /** Leaves where the i32 on the stack is not 0. */
  exitIf(to: Exit["to"]): void {
    this.op(CONTROL.br_if);
    this.code.push({ to, depth: this.#depth });
  }
}
