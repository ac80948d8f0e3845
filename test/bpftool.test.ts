// What `farcall prog` prints against the real bpftool and the kernel of this machine, for the bundled objects: the same form,
// the same source lines and prototypes in the same places; instructions differ where the two machines do.
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { examplePath, examples } from "../scripts/examples.ts";
import { farcall, farcallJson } from "./farcall.ts";
import { bpftool, describeWithKernel, Pins } from "./kernel-bpf.ts";

type Record_ = Readonly<Record<string, unknown>>;

describeWithKernel("farcall prog beside bpftool prog", () => {
  let pins: Pins;
  beforeAll(() => {
    pins = new Pins();
  });
  afterAll(() => pins.close());

  it.each(examples.map(({ name, program }) => [name, program]))("%s", (name, program) => {
    const object = examplePath(`${name}.el.o`);
    expect(pins.loadAll(object)).toMatchObject({ status: 0 });
    const ours = farcall(["prog", "dump", "xlated", object]).stdout;
    const real = pins.dumpXlated(program);
    const comments = (text: string): readonly string[] =>
      text.split("\n").filter((line) => /^;|\):$/.test(line));
    expect(comments(ours).length).toBeGreaterThan(10);
    expect(comments(ours)).toEqual(comments(real));
    const form = /^(;.*|\S.*\):| {0,3}\d+: \([0-9a-f]{2}\) .*)$/;
    for (const text of [ours, real])
      expect(
        text
          .trimEnd()
          .split("\n")
          .filter((line) => !form.test(line)),
      ).toEqual([]);

    const json = farcallJson(["prog", "dump", "xlated", object]) as readonly Record_[];
    const realJson = JSON.parse(pins.dumpXlated(program, ["-j"])) as readonly Record_[];
    const keys = (rows: readonly Record_[]): readonly string[] =>
      [...new Set(rows.map((row) => Object.keys(row).join()))].sort();
    expect(keys(json)).toEqual(keys(realJson));

    const show = (...flags: readonly string[]): string =>
      bpftool
        .run([...flags, "prog", "show", "pinned", join(pins.folder, "programs", program)])
        .stdout.toString();
    // Types that a kernel keeps have a number there, and who holds a program is not asked here.
    const absent = ["btf_id", "pids"];
    expect(Object.keys(farcallJson(["prog", "show", object]) as Record_)).toEqual(
      Object.keys(JSON.parse(show("-j")) as Record_).filter((key) => !absent.includes(key)),
    );
    const shape = (text: string): string =>
      text
        .replaceAll(/\t(btf_id|pids) .*\n?/g, "")
        .replaceAll(/[0-9a-f]{16}|\d[-\dT:+]*/g, "0")
        .replaceAll(/0(,0)+/g, "0");
    expect(shape(farcall(["prog", "show", object]).stdout)).toBe(shape(show()));
  });
});
