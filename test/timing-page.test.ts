// docs/timing.md has what the models say now.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { timingTables, withTables } from "../scripts/timing-page.ts";

test("docs/timing.md has these tables: npx tsx scripts/timing-page.ts", () => {
  const page = readFileSync(new URL("../docs/timing.md", import.meta.url), "utf8");
  expect(page).toBe(withTables(page, timingTables()));
});
