// Runs programs in the kernel of this machine, through clang and bpftool, to compare with. For tests.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clang } from "../../test/clang.ts";
import { bpftool, Pins } from "../../test/kernel-bpf.ts";
import { decodeInsns, encodeInsns, type Insn } from "../insn.ts";

/** An answer of BPF_PROG_TEST_RUN; undefined where the kernel refused the run. */
export type Answer =
  { readonly retval: number; readonly data: Uint8Array; readonly ctx: Uint8Array | undefined } | undefined;

export interface Question {
  readonly data: Uint8Array;
  readonly ctx?: Uint8Array;
  readonly repeat?: number;
}

const sections = { socket_filter: "socket", sched_cls: "tc", xdp: "xdp" } as const;

/** One program in the real kernel; `close` unloads it. Throws with the verifier's log when it is not loaded. */
export class RealProgram {
  readonly #pins = new Pins();
  readonly #folder = mkdtempSync(join(tmpdir(), "farcall-real-"));
  readonly #program: string;

  private constructor(object: string | Uint8Array, program: string) {
    this.#program = join(this.#pins.folder, "programs", program);
    const path = typeof object === "string" ? object : join(this.#folder, "p.o");
    if (typeof object !== "string") writeFileSync(path, object);
    const loaded = this.#pins.loadAll(path);
    if (loaded.status === 0) return;
    this.close();
    throw new Error(`not loaded: ${loaded.stderr.slice(-3000)}`);
  }

  /** Of an object file. */
  static ofObject(path: string, program: string): RealProgram {
    return new RealProgram(path, program);
  }

  /** Of little-endian instructions without maps. */
  static ofInsns(insns: readonly Insn[], type: keyof typeof sections): RealProgram {
    const folder = mkdtempSync(join(tmpdir(), "farcall-real-"));
    const [source, object] = [join(folder, "p.s"), join(folder, "p.o")];
    const bytes = [...encodeInsns(insns, "le")].join(",");
    const text = [
      `.section ${sections[type]},"ax",@progbits`,
      ".globl p",
      ".type p,@function",
      `p: .byte ${bytes}`,
      ".size p, .-p",
      '.section license,"aw"',
      '.asciz "GPL"',
      "",
    ].join("\n");
    writeFileSync(source, text);
    const made = clang.run(["-target", "bpf", "-c", source, "-o", object]);
    if (made.status !== 0) throw new Error(`clang: ${made.stderr}`);
    try {
      return new RealProgram(object, "p");
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** The rewritten instructions of the program that is loaded. */
  xlated(): readonly Insn[] {
    const path = join(this.#folder, "xlated");
    const result = bpftool.run(["prog", "dump", "xlated", "pinned", this.#program, "file", path]);
    if (result.status !== 0) throw new Error(result.stderr);
    return decodeInsns(new Uint8Array(readFileSync(path)), "le");
  }

  run({ data, ctx, repeat = 1 }: Question): Answer {
    const path = (name: string): string => join(this.#folder, name);
    writeFileSync(path("data"), data);
    const args = ["data_in", path("data"), "data_out", path("data_out"), "repeat", String(repeat)];
    if (ctx !== undefined) {
      writeFileSync(path("ctx"), ctx);
      args.push("ctx_in", path("ctx"), "ctx_out", path("ctx_out"));
    }
    const result = bpftool.run(["-j", "prog", "run", "pinned", this.#program, ...args]);
    if (result.status !== 0) return undefined;
    const { retval } = JSON.parse(result.stdout.toString()) as { retval: number };
    const read = (name: string): Uint8Array => new Uint8Array(readFileSync(path(name)));
    return { retval, data: read("data_out"), ctx: ctx === undefined ? undefined : read("ctx_out") };
  }

  close(): void {
    this.#pins.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
