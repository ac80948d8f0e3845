// What a real ppc64el kernel tells of BPF programs, and to whom, against ours: the same programs are loaded by root and by a user.
// Long, and it needs kernels: only with FARCALL_NIGHTLY=1, as real-kernel.test.ts.
import { expect, it } from "vitest";
import { assembleProgram } from "../bpf/assemble.ts";
import type { ProgType } from "../bpf/elf/object.ts";
import { BpfLoadError } from "../bpf/load-error.ts";
import { decodeInsns } from "../bpf/insn.ts";
import { VerifierError } from "../bpf/verifier/error.ts";
import { Kernel } from "../kernel/kernel.ts";
import type { Program } from "../kernel/program.ts";
import { describeWithOracle, oracle } from "./oracles.ts";
import { vmlinuxFiles } from "./real-kernel/kernels.ts";
import { boot } from "./real-kernel/observe.ts";

const qemu = oracle("qemu-system-ppc64", "qemu-system-ppc");
const gcc = oracle("powerpc64le-linux-gnu-gcc", "gcc-powerpc64le-linux-gnu");
const machine = { name: "POWER9, radix", qemu: ["-M", "pseries", "-cpu", "power9"], commandLine: "" };

// As prog-info.c has them.
const PLAIN = "r0 = 7\n exit";
const CALLS = `
  r1 = 1
  call f
  r1 = r0
  call g
  call ktime_get_ns
  exit
f:
  r0 = r1
  r0 += 1
  exit
g:
  r0 = r1
  r0 += 1
  exit
`;
const LOOP = "r1 = 3\nl:\n r1 += -1\n if r1 != 0 goto l\n r0 = 0\n exit";
const MANY = `${"r0 = 7\n".repeat(4096)}exit`;

interface User {
  readonly privileged: boolean;
  readonly rawOk: boolean;
}

/** What prog-info.c prints of one user's programs. */
class Ours {
  readonly lines: string[] = [];
  readonly #kernel = new Kernel({ layout: "radix64k-6.12" });

  load(name: string, type: ProgType, text: string, { privileged }: User): Program | undefined {
    const helper = (): number => 5;
    const linked = assembleProgram(text, { type, endian: "le" }, { helper });
    try {
      const program = this.#kernel.bpf.loadProgram(linked, { privileged });
      this.lines.push(`load ${name}: ok`);
      return program;
    } catch (error) {
      if (!(error instanceof BpfLoadError || error instanceof VerifierError)) throw error;
      this.lines.push(`load ${name}: ${error.errno}`);
      if (error instanceof VerifierError) this.lines.push(`log ${name}: ${error.message}`);
      return undefined;
    }
  }

  show(program: Program | undefined, { privileged, rawOk }: User): void {
    if (program === undefined) return;
    const info = program.info({ capable: privileged, rawOk });
    const isThere = (value: unknown): number => Number(value !== undefined);
    // A user without CAP_BPF gets the pointers back as they were.
    const given = (value: unknown): number => (privileged ? isThere(value) : 1);
    this.lines.push(
      `info uid ${info.created_by_uid} jited ${Number(info.jited_prog_len > 0)} ${given(info.jited_prog_insns)} ` +
        `xlated ${info.xlated_prog_len} ksyms ${info.nr_jited_ksyms} ${given(info.jited_ksyms)} ` +
        `lens ${info.nr_jited_func_lens} ${given(info.jited_func_lens)} verified ${info.verified_insns}`,
    );
    for (let i = 0; i < info.nr_jited_ksyms; i++)
      this.lines.push(`ksym ${(info.jited_ksyms?.[i]?.toString(16) ?? "").padStart(16, "0")}`);
    for (const { code, src, off, imm } of decodeInsns(info.xlated_prog_insns ?? new Uint8Array(), "le"))
      if (code === 0x85) this.lines.push(`call src ${src} off ${off} imm ${imm}`);
  }

  symbols(user: User, isShown = true): void {
    const text = this.#kernel.kallsyms.text(user.rawOk, ({ module }) => isShown || module !== "bpf");
    for (const line of text.split("\n")) if (line.includes("[bpf]")) this.lines.push(`symbol ${line}`);
  }

  all(user: User): void {
    this.show(this.load("plain", "socket_filter", PLAIN, user), user);
    this.show(this.load("calls", "socket_filter", CALLS, user), user);
    this.load("loop", "socket_filter", LOOP, user);
    this.load("xdp", "xdp", PLAIN, user);
    this.load("many", "xdp", MANY, user);
  }
}

/** Without what is each machine's own: addresses, distances of helpers, names that the object's loader gave. */
const common = (lines: readonly string[]): readonly string[] =>
  lines.map((line) =>
    line
      .replace(/^(ksym|symbol) (?!0{16})[0-9a-f]{16}/, "$1 ADDRESS")
      .replace(/^(call src 0 off 0 imm) [1-9]\d*$/, "$1 DISTANCE")
      .replace(/(bpf_prog_[0-9a-f]{16})_?\w*/, "$1"),
  );

const ROOT = { privileged: true, rawOk: true };
const RESTRICTED = { privileged: true, rawOk: false };
const USER = { privileged: false, rawOk: false };

const kernels = process.env["FARCALL_NIGHTLY"] === "1" ? vmlinuxFiles() : [];
if (kernels.length === 0)
  it.skip("a real kernel's BPF programs: FARCALL_NIGHTLY=1 and linux-image-powerpc64le", () => undefined);
for (const file of kernels)
  describeWithOracle(`BPF programs in ${file}`, [qemu, gcc], () => {
    it("are told of as ours are, to root, with kptr_restrict, and to a user", { timeout: 400_000 }, () => {
      const output = boot({ qemu, gcc }, file, machine, "prog-info.c");
      const section = (name: string): readonly string[] =>
        (new RegExp(`^@@ ${name}\n([^]*?)^@@ `, "m").exec(output)?.[1] ?? "").trimEnd().split("\n");
      const plain = (lines: readonly string[]): readonly string[] =>
        common(lines.filter((line) => !line.startsWith("symbol")));
      const symbols = (lines: readonly string[]): ReadonlySet<string> =>
        new Set(common(lines.filter((line) => line.startsWith("symbol"))));

      const ours = new Ours();
      ours.all(ROOT);
      ours.symbols(ROOT);
      expect(plain(ours.lines)).toEqual(plain(section("root")));
      expect(symbols(ours.lines)).toEqual(symbols(section("root")));
      // Each image has its symbol where jited_ksyms says that it is.
      for (const lines of [ours.lines, section("root")]) {
        const ksyms = lines.flatMap((line) => /^ksym (\w+)/.exec(line)?.[1] ?? []);
        expect(ksyms).toHaveLength(4);
        for (const ksym of ksyms)
          expect(lines).toContainEqual(expect.stringContaining(`symbol ${ksym} t bpf_prog_`));
      }
      expect(section("hidden")).toEqual([""]);

      const restricted = new Ours();
      restricted.show(restricted.load("calls", "socket_filter", CALLS, RESTRICTED), RESTRICTED);
      expect(plain(restricted.lines)).toEqual(plain(section("restricted")));
      for (const line of section("restricted").filter((each) => each.startsWith("symbol")))
        expect(line).toMatch(/^symbol 0{16} t bpf_prog_/);

      const user = new Ours();
      user.all(USER);
      expect(plain(user.lines)).toEqual(plain(section("user")));
    });
  });
