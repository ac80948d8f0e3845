// Which neighbors a processor executes as one, by the rules of its table. How long they take is the table's to say.
import type { CoreFigures, Fusion } from "./core-figures.ts";
import type { Decoded } from "./decoded.ts";
import { only, REGISTER } from "./registers.ts";

const TARGETS = only(REGISTER.LR) | only(REGISTER.CTR) | only(REGISTER.TAR);

function linked(link: Fusion["link"], first: Decoded, second: Decoded): boolean {
  const passed = first.writes & second.reads;
  if (link === "counter") return (passed & TARGETS) !== 0n && second.branch !== undefined;
  if (passed === 0n) return false;
  return link === "operand" || (second.writes & first.writes) === first.writes;
}

/** The rule by which the two, one behind the other, are executed as one; undefined where there is none. Record forms never are. */
export function fusionOf(core: CoreFigures, first: Decoded, second: Decoded): Fusion | undefined {
  const [a, b] = [first.row, second.row];
  if (core.fusions.length === 0 || a === undefined || b === undefined) return undefined;
  if (/-record$/.test(first.schedulingClass) || /-record$/.test(second.schedulingClass)) return undefined;
  return core.fusions.find(
    (fusion) =>
      fusion.first.test(a.mnemonic) && fusion.second.test(b.mnemonic) && linked(fusion.link, first, second),
  );
}
