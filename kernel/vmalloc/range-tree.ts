// A balanced tree (AVL) of stretches of pages that do not overlap, each node with the longest stretch below it.
// Linux keeps red-black trees for the same purpose; what is found does not depend on the tree's shape.

/** A stretch of pages, counted from effective address 0; `end` is the first behind it. */
export interface PageRange {
  readonly start: number;
  readonly end: number;
}

export interface FitRequest {
  /** Pages. */
  readonly count: number;
  /** Multiple that the first page's number has to be. */
  readonly step: number;
  /** The pages between which it has to lie. */
  readonly start: number;
  readonly end: number;
}

interface Node<T extends PageRange> {
  range: T;
  left: Node<T> | undefined;
  right: Node<T> | undefined;
  height: number;
  /** Pages of the longest stretch in this subtree. @linux include/linux/vmalloc.h subtree_max_size */
  longest: number;
}

type Link<T extends PageRange> = Node<T> | undefined;

export class RangeTree<T extends PageRange> {
  #root: Link<T>;
  #size = 0;

  /** Stretches there are. */
  get size(): number {
    return this.#size;
  }

  /** Enters a stretch that overlaps none of the others. */
  insert(range: T): void {
    this.#root = insert(this.#root, range);
    this.#size++;
  }

  /** Takes out the stretch that begins at a page. Throws RangeError where none does: our bug. */
  remove(start: number): void {
    this.#root = remove(this.#root, start);
    this.#size--;
  }

  /** Puts another in the place of the stretch that begins at `start`; their order among the others is the same. */
  replace(start: number, range: T): void {
    replace(this.#root, start, range);
  }

  /** The last stretch that begins at a page or below it. */
  floor(page: number): T | undefined {
    let found: T | undefined;
    for (let node = this.#root; node !== undefined;) {
      if (node.range.start > page) node = node.left;
      else {
        found = node.range;
        node = node.right;
      }
    }
    return found;
  }

  /** The stretch that a page lies in. */
  holding(page: number): T | undefined {
    const range = this.floor(page);
    return range !== undefined && page < range.end ? range : undefined;
  }

  /**
   * The first page of the lowest place for some. With a step above 1 a stretch that might be too short for the alignment is passed over as long as
   * another is long enough for any, so that the search stays logarithmic.
   * @linux mm/vmalloc.c find_vmap_lowest_match
   */
  firstFit(request: FitRequest): number | undefined {
    const sure = lowest(this.#root, request, request.count + request.step - 1);
    if (sure !== undefined || request.step === 1) return sure;
    return lowest(this.#root, request, request.count);
  }

  /** All stretches, ascending. */
  *[Symbol.iterator](): Generator<T> {
    const above: Node<T>[] = [];
    let node = this.#root;
    for (;;) {
      for (; node !== undefined; node = node.left) above.push(node);
      const next = above.pop();
      if (next === undefined) return;
      yield next.range;
      node = next.right;
    }
  }
}

/** Where a request would begin in a stretch. */
function place({ start }: PageRange, request: FitRequest): number {
  return Math.ceil(Math.max(start, request.start) / request.step) * request.step;
}

// hot: scripts/bench-alloc.ts
function lowest<T extends PageRange>(node: Link<T>, request: FitRequest, length: number): number | undefined {
  if (node === undefined || node.longest < length) return undefined;
  const { range } = node;
  // What is left of a stretch that begins no later than the request's start ends before it.
  if (range.start > request.start) {
    const found = lowest(node.left, request, length);
    if (found !== undefined) return found;
  }
  if (range.end - range.start >= length) {
    const page = place(range, request);
    if (page + request.count <= range.end) return page + request.count <= request.end ? page : undefined;
  }
  if (range.start >= request.end) return undefined;
  return lowest(node.right, request, length);
}

function insert<T extends PageRange>(node: Link<T>, range: T): Node<T> {
  if (node === undefined) {
    return { range, left: undefined, right: undefined, height: 1, longest: range.end - range.start };
  }
  if (range.start < node.range.start) node.left = insert(node.left, range);
  else node.right = insert(node.right, range);
  return balanced(node);
}

function remove<T extends PageRange>(node: Link<T>, start: number): Link<T> {
  if (node === undefined) throw new RangeError(`no stretch begins at page ${start}`);
  if (start < node.range.start) node.left = remove(node.left, start);
  else if (start > node.range.start) node.right = remove(node.right, start);
  else if (node.left === undefined) return node.right;
  else if (node.right === undefined) return node.left;
  else {
    let next = node.right;
    while (next.left !== undefined) next = next.left;
    node.range = next.range;
    node.right = remove(node.right, next.range.start);
  }
  return balanced(node);
}

function replace<T extends PageRange>(node: Link<T>, start: number, range: T): void {
  if (node === undefined) throw new RangeError(`no stretch begins at page ${start}`);
  if (start < node.range.start) replace(node.left, start, range);
  else if (start > node.range.start) replace(node.right, start, range);
  else node.range = range;
  update(node);
}

function update<T extends PageRange>(node: Node<T>): void {
  const { left, right, range } = node;
  node.height = Math.max(left?.height ?? 0, right?.height ?? 0) + 1;
  node.longest = Math.max(range.end - range.start, left?.longest ?? 0, right?.longest ?? 0);
}

/** The subtree with heights of its two sides that differ by one at most. */
function balanced<T extends PageRange>(node: Node<T>): Node<T> {
  const lean = (n: Node<T>): number => (n.left?.height ?? 0) - (n.right?.height ?? 0);
  const { left, right } = node;
  if (left !== undefined && lean(node) > 1) {
    if (lean(left) < 0) node.left = rotated(left, "left");
    return rotated(node, "right");
  }
  if (right !== undefined && lean(node) < -1) {
    if (lean(right) > 0) node.right = rotated(right, "right");
    return rotated(node, "left");
  }
  update(node);
  return node;
}

/** The subtree with the child on the other side as its root. */
function rotated<T extends PageRange>(node: Node<T>, side: "left" | "right"): Node<T> {
  const other = side === "left" ? "right" : "left";
  const root = node[other];
  if (root === undefined) return node;
  node[other] = root[side];
  root[side] = node;
  update(node);
  update(root);
  return root;
}
