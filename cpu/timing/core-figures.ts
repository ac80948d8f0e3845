// What a table of a processor's execution core has to say. The numbers are in power8.ts, power9.ts and power10.ts.
import type { SchedulingClass } from "./classes.ts";
import type { Figure } from "./figure.ts";
import type { FrontFigures } from "./front/figures.ts";
import type { CpuModel } from "../isa/row.ts";

/** What waits for a result: most pipelines forward to some sooner than to others. `general` stands for every other. */
export const consumers = ["general", "memory", "condition", "branch", "multiply", "divide"] as const;
/** `memory`: the address of an access. `condition`: a CR logical operation or a move from CR. `branch`: a branch that reads CR, LR, CTR. */
export type Consumer = (typeof consumers)[number];

/** Where in the instructions of one cycle one may stand that is dispatched. */
export type DispatchPlace =
  /** Anywhere. */
  | "any"
  /** Only as the first. */
  | "first"
  /** Only alone. */
  | "alone"
  /** From an even slot on. */
  | "even"
  /** In a branch slot. */
  | "branch";

/** One unit that an instruction takes. */
export interface UnitUse {
  /** One of the processor's units, or several with `|` between them: the first of these that is free earliest. */
  readonly unit: string;
  /** How many of them; default 1. */
  readonly count?: number;
  /** Cycles for which nothing else can start there; default 1. */
  readonly busy?: Figure;
  /** Cycles from issue to the start there; default 0. */
  readonly after?: number;
}

/** What instructions of one class take and give. All times are cycles. */
export interface ClassFigures {
  /** From issue to the issue of what waits for the result. */
  readonly latency: Figure;
  readonly units: readonly UnitUse[];
  /** Slots of dispatch, default 1; may be a fraction where an instruction keeps others from a slot. */
  readonly slots?: Figure;
  /** Default any. */
  readonly place?: DispatchPlace;
  /** As `latency`, of the CR field that is set besides a result; default `latency`. */
  readonly cr?: Figure;
  /** Of what is written without waiting for memory: the base of an update form; default `latency`. */
  readonly early?: Figure;
  /** As `latency`, where it differs for some that wait; `condition` and `branch` are about CR fields, LR and CTR. */
  readonly to?: Readonly<Partial<Record<Consumer, Figure>>>;
}

/** Two neighbors that are executed as one. */
export interface Fusion {
  readonly name: string;
  /** Whole mnemonics of the first and of the second. */
  readonly first: RegExp;
  readonly second: RegExp;
  /**
   * What makes them a pair. `result`: the second works on the first's result and overwrites it; `operand`: it works on the first's
   * result; `counter`: it branches to the register that the first has set.
   */
  readonly link: "result" | "operand" | "counter";
  /** From the issue of the pair to its result, or to its branch being resolved. */
  readonly latency: Figure;
}

/** The execution core of a processor. */
export interface CoreFigures {
  /** Slots of one cycle of dispatch, branches excepted where they have slots of their own. */
  readonly dispatchSlots: Figure;
  /** Slots for branches alone; 0 where branches take the others. */
  readonly branchSlots: Figure;
  /** Does a branch end the group of instructions that are dispatched in a cycle? */
  readonly branchEndsGroup: boolean;
  /** Instructions between dispatch and completion. */
  readonly window: Figure;
  /** Instructions between dispatch and issue. */
  readonly issueQueue: Figure;
  /** Cycles from dispatch to issue of an instruction that waits for nothing. */
  readonly dispatchToIssue: Figure;
  /** From a store's issue to the issue of what waits for a load of the same bytes that follows it. */
  readonly storeForward: Figure;
  /** How many of each unit there are. */
  readonly units: Readonly<Record<string, Figure>>;
  readonly fusions: readonly Fusion[];
  readonly classes: Readonly<Record<SchedulingClass, ClassFigures>>;
}

/** All figures of a processor. */
export interface CpuTiming {
  readonly model: CpuModel;
  readonly core: CoreFigures;
  readonly front: FrontFigures;
}
