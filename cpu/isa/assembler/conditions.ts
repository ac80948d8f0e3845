// Conditional assembly: .if .ifdef .ifndef .else .endif, one inside the other. What is skipped is not read at all.
import type { U64 } from "../../../word/long.ts";
import { AssembleError } from "./source.ts";

/** What a condition may ask, where it stands. */
export interface ConditionContext {
  isDefined(name: string): boolean;
  value(text: string): U64;
}

interface Open {
  readonly line: number;
  /** Whether the part that is read now is assembled. */
  isTaken: boolean;
  /** Whether what stands around all of it is. */
  readonly isReached: boolean;
  hasElse: boolean;
}

export class Conditions {
  readonly #open: Open[] = [];

  /** Whether this statement is not to be assembled: it is part of a condition, or one excludes it. Throws AssembleError. */
  read(line: number, statement: string, context: ConditionContext): boolean {
    const [, name = "", operand = ""] =
      /^(\.(?:if|ifdef|ifndef|else|endif))\b\s*(.*)$/s.exec(statement) ?? [];
    const innermost = this.#open.at(-1);
    const isReached = innermost?.isTaken ?? true;
    if (name === "") return !isReached;
    if (name.startsWith(".if")) {
      const isTaken = isReached && holds(name, operand, context);
      this.#open.push({ line, isTaken, isReached, hasElse: false });
    } else if (innermost === undefined) throw new AssembleError(line, `${name} without .if`);
    else if (name === ".endif") this.#open.pop();
    else if (innermost.hasElse) throw new AssembleError(line, "a second .else");
    else {
      innermost.hasElse = true;
      innermost.isTaken = innermost.isReached && !innermost.isTaken;
    }
    return true;
  }

  /** At the end of the text. Throws AssembleError where a condition is open. */
  end(): void {
    const open = this.#open.at(-1);
    if (open !== undefined) throw new AssembleError(open.line, ".if without .endif");
  }
}

function holds(name: string, operand: string, context: ConditionContext): boolean {
  if (name === ".if") return !context.value(operand).isZero();
  return context.isDefined(operand) === (name === ".ifdef");
}
