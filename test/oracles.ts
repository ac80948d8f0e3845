// Tests that need real tools to compare with, and what becomes of them where a tool is missing. The tools are oracle.ts's.
import { describe, it } from "vitest";
import { OracleError, type Oracle } from "./oracle.ts";

export { oracle, OracleError, type Oracle, type OracleResult } from "./oracle.ts";

/**
 * A `describe` that needs oracles. Where one is missing: a line on the console that names its package, and the tests are
 * skipped; with FARCALL_REQUIRE_ORACLES=1 one test fails instead.
 */
export function describeWithOracle(name: string, oracles: readonly Oracle[], tests: () => void): void {
  const missing = oracles.filter((needed) => !needed.available);
  if (missing.length === 0) {
    describe(name, tests);
    return;
  }
  const packages = missing.map((needed) => needed.debianPackage).join(", ");
  if (process.env["FARCALL_REQUIRE_ORACLES"] === "1") {
    it(name, () => {
      throw new OracleError(`${name} needs ${packages}`);
    });
    return;
  }
  console.log(`skipped: ${name} needs ${packages}`);
  // Not even the body of the group runs: it may ask an oracle for its cases.
  it.skip(`${name}: needs ${packages}`, () => undefined);
}
