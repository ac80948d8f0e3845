// Which loads and stores are allowed through what, and what they say of the program: context accesses, stack depths.
import type { ProgType } from "../elf/types.ts";
import type { State } from "./state.ts";
import { FRAME_BYTES, isStack, type Value } from "./values.ts";

export interface Fault {
  readonly errno: string;
  readonly message: string;
}

interface Access {
  readonly base: number;
  readonly off: number;
  readonly bytes: number;
  readonly kind: "load" | "store" | "atomic";
}

const denied = (message: string): Fault => ({ errno: "EACCES", message });

// Types whose context is a packet [Linux 6.12 may_access_skb].
const packetTypes: readonly ProgType[] = ["socket_filter", "sched_cls", "sched_act"];

export class MemoryRules {
  readonly contextAccesses = new Set<number>();
  /** Bytes of stack by function, rounded up to 8. */
  readonly stackDepths: number[];
  readonly #otherAccesses = new Set<number>();
  readonly #type: ProgType;

  constructor(type: ProgType, functions: number) {
    this.#type = type;
    this.stackDepths = new Array<number>(functions).fill(0);
  }

  /** Notes a load or store by the instruction in `slot`; a fault where it is not allowed. */
  access(slot: number, { base, off, bytes, kind }: Access, place: Value, state: State): Fault | undefined {
    switch (place.kind) {
      case "ctx":
        if (kind === "atomic") return denied(`BPF_ATOMIC stores into R${base} ctx is not allowed`);
        if (place.off === undefined)
          return denied(`variable ctx access var_off=(0x0; 0xffffffffffffffff) disallowed`);
        if (place.off !== 0)
          return denied(`dereference of modified ctx ptr R${base} off=${place.off} disallowed`);
        return this.#note(slot, this.contextAccesses, this.#otherAccesses);
      case "mixed":
        return differentPointers;
      case "scalar":
        return denied(`R${base} invalid mem access 'scalar'`);
      case "function":
        return denied(`R${base} invalid mem access 'func'`);
      case "stack":
        return (
          this.#stackFault({ base, off, bytes, kind }, place, state) ??
          this.#note(slot, this.#otherAccesses, this.contextAccesses)
        );
      case "blurred":
        this.escape(place, state, off);
        return this.#note(slot, this.#otherAccesses, this.contextAccesses);
      case "uninit":
      case "unknown":
        return this.#note(slot, this.#otherAccesses, this.contextAccesses);
    }
  }

  /** A load of the packet, BPF_ABS or BPF_IND. */
  packetLoad(state: State): Fault | undefined {
    if (!packetTypes.includes(this.#type))
      return { errno: "EINVAL", message: "BPF_LD_[ABS|IND] instructions not allowed for this program type" };
    const r6 = state.reg(6);
    if (r6.kind === "ctx" && r6.off === 0) return undefined;
    return { errno: "EINVAL", message: "at the time of BPF_LD_ABS|IND R6 != pointer to skb" };
  }

  /** A pointer goes where it cannot be followed: what it may reach of the stack counts as used. */
  escape(value: Value, state: State, off = 0): void {
    if (!isStack(value)) return;
    state.frames.forEach((_, frame) => {
      if (value.frame === undefined || value.frame === frame)
        this.#use(frame, value.min + Math.min(0, off), state);
    });
  }

  #note(slot: number, here: Set<number>, elsewhere: ReadonlySet<number>): Fault | undefined {
    if (elsewhere.has(slot)) return differentPointers;
    here.add(slot);
    return undefined;
  }

  #use(frame: number, off: number, state: State): void {
    const owner = state.frames[frame]?.owner;
    if (owner === undefined) return;
    const bytes = Math.min(FRAME_BYTES, Math.ceil(-off / 8) * 8);
    this.stackDepths[owner] = Math.max(this.stackDepths[owner] ?? 0, bytes);
  }

  #stackFault(
    { base, off, bytes, kind }: Access,
    place: Value & { kind: "stack" },
    state: State,
  ): Fault | undefined {
    if (place.off === undefined) {
      this.#use(place.frame, place.min + off, state);
      return undefined;
    }
    const at = place.off + off;
    if (at % bytes !== 0) return denied(`misaligned stack access off 0+${place.off}+${off} size ${bytes}`);
    const way = kind === "load" ? "read from" : "write to";
    if (at < -FRAME_BYTES || at + bytes > 0)
      return denied(`invalid ${way} stack R${base} off=${at} size=${bytes}`);
    this.#use(place.frame, at, state);
    return undefined;
  }
}

const differentPointers: Fault = {
  errno: "EINVAL",
  message: "same insn cannot be used with different pointers",
};

/** The fault of spilling a pointer in part, or of reading a part of a spilled one. */
export function partOfPointer(
  { off, kind }: Access,
  base: Value,
  stored: Value,
  state: State,
): Fault | undefined {
  if (base.kind !== "stack" || base.off === undefined) return undefined;
  const isPointer = (v: Value): boolean => v.kind === "ctx" || v.kind === "stack";
  if (kind === "store") return isPointer(stored) ? denied("invalid size of register spill") : undefined;
  const slot = state.slot(base.frame, Math.floor((base.off + off) / 8) * 8);
  return kind === "load" && isPointer(slot) ? denied("invalid size of register fill") : undefined;
}
