// A program that is in the kernel: what it is for dumps, and how it is interpreted and test-run.
import type { U64 } from "../../word/long.ts";
import type { LinkedProgram, ProgType } from "../elf/types.ts";
import { Interpreter, type HelperCall, type InterpretedFunction, type Outcome } from "../interpreter.ts";
import { BpfLoadError } from "../load-error.ts";
import type { BpfMap } from "../maps/map.ts";
import type { KernelMemory } from "../memory.ts";
import { testRun, type TestRunOptions, type TestRunResult } from "../test-run.ts";
import type { ProgramType } from "../types/type.ts";
import type { Checked } from "../verifier/checked.ts";
import type { LoadedFunction, Xlated } from "./load.ts";
import type { JitedImages } from "./prog.ts";

interface LoadedParts<J> {
  readonly id: number;
  readonly program: LinkedProgram;
  readonly type: ProgramType | undefined;
  readonly checked: Checked;
  readonly xlated: Xlated;
  readonly functions: readonly LoadedFunction[];
  /** The same with calls by index, whatever the encoding. */
  readonly interpreted: readonly InterpretedFunction[];
  readonly maps: readonly BpfMap[];
  readonly jited: J | undefined;
  readonly memory: KernelMemory;
  readonly helper: (imm: number) => HelperCall | undefined;
  readonly release: () => void;
}

/** A loaded program. */
export class LoadedProgram<J extends JitedImages = JitedImages> {
  /** Number that is this program's alone in its BpfCore, from 1; its other functions have the following ones. */
  readonly id: number;
  readonly name: string;
  readonly type: ProgType;
  readonly linked: LinkedProgram;
  readonly checked: Checked;
  readonly xlated: Xlated;
  /** Main first. */
  readonly functions: readonly LoadedFunction[];
  /** In the order of the object's. */
  readonly maps: readonly BpfMap[];
  /** What the JIT returned; undefined where none ran. */
  readonly jited: J | undefined;
  readonly #parts: LoadedParts<J>;
  #interpreter: Interpreter | undefined;
  #isFreed = false;

  constructor(parts: LoadedParts<J>) {
    this.#parts = parts;
    this.id = parts.id;
    this.name = parts.program.name;
    this.type = parts.program.type;
    this.linked = parts.program;
    this.checked = parts.checked;
    this.xlated = parts.xlated;
    this.functions = parts.functions;
    this.maps = parts.maps;
    this.jited = parts.jited;
  }

  /**
   * Runs the program in the BPF interpreter.
   * @param args r1 and on: the context's address, of a program that was not checked whatever it takes
   * @param maxInsns BPF instructions
   * @throws BpfLoadError at the first run of a program that nobody checked and that cannot be decoded
   */
  interpret(args: readonly U64[], maxInsns?: number): Outcome {
    const { memory, interpreted: functions, helper } = this.#parts;
    this.#interpreter ??= new Interpreter({ memory, functions, helper });
    return this.#interpreter.run(args, maxInsns);
  }

  /**
   * Runs the program on a packet as BPF_PROG_TEST_RUN does; `options.run` executes it once: `interpret`, or JITed code.
   * @throws TestRunError for what Linux refuses, BpfLoadError ENOTSUPP for a program type without test run
   */
  testRun<R extends { readonly kind: string }>(options: TestRunOptions<R>): TestRunResult<R> {
    const { type, memory } = this.#parts;
    if (type === undefined) throw new BpfLoadError(`no test run for type ${this.type}`, "ENOTSUPP");
    return testRun(type, memory, options);
  }

  /**
   * Gives guest memory back: the interpreter's stack, and maps that no other program needs; not the images. A second time
   * does nothing.
   */
  free(): void {
    if (this.#isFreed) return;
    this.#isFreed = true;
    this.#interpreter?.free();
    this.#interpreter = undefined;
    this.#parts.release();
  }
}
