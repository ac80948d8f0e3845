// Sums with carry and overflow as code: each part is made when it is asked for, and operands are bound only where they are used
// more than once.
import type { Sum } from "../isa/machine.ts";
import { binary, constant, known, unary, type Node } from "../wasm/node.ts";

interface Binder {
  let(node: Node): Node;
}

/** Operands and result, computed already. */
interface Bound {
  readonly a: Node;
  readonly b: Node;
  readonly c: Node;
  readonly sum: Node;
}

const i32 = (n: number): Node => constant(n, 32);
const xor = (a: Node, b: Node): Node => binary("i64.xor", a, b);
const and = (a: Node, b: Node): Node => binary("i64.and", a, b);

/** Bit `place` from the right, as a truth value. */
function bit(node: Node, place: number): Node {
  return unary("i32.wrap_i64", and(binary("i64.shr_u", node, constant(place)), constant(1)));
}

abstract class Parts implements Sum<Node, Node> {
  readonly #binder: Binder;
  readonly #operands: readonly [a: Node, b: Node, c: Node];
  #known: Bound | undefined;

  constructor(binder: Binder, ...operands: readonly [a: Node, b: Node, c: Node]) {
    this.#binder = binder;
    this.#operands = operands;
  }

  protected abstract total(a: Node, b: Node, c: Node): Node;
  abstract readonly ca: Node;
  abstract readonly ca32: Node;
  /** Its bits 0 and 32 are the overflows out of 64 and 32 bits. */
  protected abstract readonly signs: Node;

  protected get bound(): Bound {
    if (this.#known !== undefined) return this.#known;
    const bind = (node: Node): Node => this.#binder.let(node);
    const [a, b, c] = this.#operands.map(bind) as [Node, Node, Node];
    this.#known = { a, b, c, sum: bind(this.total(a, b, c)) };
    return this.#known;
  }

  get sum(): Node {
    return this.#known?.sum ?? this.total(...this.#operands);
  }
  get ov(): Node {
    return bit(this.signs, 63);
  }
  get ov32(): Node {
    return bit(this.signs, 31);
  }
}

/** a + b + c */
export class Total extends Parts {
  protected total(a: Node, b: Node, c: Node): Node {
    return binary("i64.add", binary("i64.add", a, b), unary("i64.extend_i32_u", c));
  }
  get ca(): Node {
    const { a, c, sum } = this.bound;
    const less = binary("i64.lt_u", sum, a);
    if (known(c) === 0n) return less;
    return binary("i32.or", less, binary("i32.and", c, binary("i64.eq", sum, a)));
  }
  get ca32(): Node {
    const { a, b, sum } = this.bound;
    return bit(xor(xor(a, b), sum), 32);
  }
  protected get signs(): Node {
    const { a, b, sum } = this.bound;
    return and(xor(sum, a), xor(sum, b));
  }
}

/** b - a, which is ~a + b + 1: it carries where it does not borrow. */
export class Difference extends Parts {
  constructor(binder: Binder, a: Node, b: Node) {
    super(binder, a, b, i32(1));
  }
  protected total(a: Node, b: Node): Node {
    return binary("i64.sub", b, a);
  }
  get ca(): Node {
    const { a, b } = this.bound;
    return binary("i64.ge_u", b, a);
  }
  get ca32(): Node {
    const { a, b, sum } = this.bound;
    return unary("i32.eqz", bit(xor(xor(a, b), sum), 32));
  }
  protected get signs(): Node {
    const { a, b, sum } = this.bound;
    return and(xor(b, a), xor(b, sum));
  }
}
