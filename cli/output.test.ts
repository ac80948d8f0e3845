import { describe, expect, it } from "vitest";
import { printable, table, visibleLength } from "./output.ts";

describe("text for people", () => {
  it("columns are aligned by what is seen, colors left out", () => {
    expect(
      table(
        [
          ["a", "1"],
          ["\u001b[1mbold\u001b[0m", "22"],
        ],
        [1],
      ),
    ).toEqual(["a      1", "\u001b[1mbold\u001b[0m  22"]);
    expect(visibleLength("\u001b[31mred\u001b[0m")).toBe(3);
  });
  it("a file's names cannot control the terminal", () => {
    expect(printable("a\u001b]0;title\u0007b\u0000\tc\n")).toBe("a\ufffd]0;title\ufffdb\ufffd\tc\n");
    expect(printable("\u001b[31mred\u001b[0m \u001b[2J")).toBe("\u001b[31mred\u001b[0m \ufffd[2J");
  });
});
