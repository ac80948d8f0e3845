// The interpreter's module: one function that fetches, decodes and dispatches by br_table, with the frequent handlers inside
// and the rare ones called through a table. What handlers do is told by rows.
import { RAM_OFFSET, STATE, type Endian } from "../state.ts";
import { TLB_ENTRIES, TLB_ENTRY_BYTES } from "../tlb.ts";
import { Emitter, closeExits, type Code } from "../wasm/emitter.ts";
import { moduleBytes, unsigned, type FunctionBody, type FunctionType } from "../wasm/module.ts";
import { PURE, binary, constant, loadState, local, unary, type Node } from "../wasm/node.ts";
import { CONTROL, EMPTY, I32, I64, NUMERIC } from "../wasm/opcodes.ts";
import { recipeBytes } from "./decode-table.ts";
import { generateHandlers, PREFIX, type Handler } from "./handlers.ts";
import {
  DECODE_SECTION,
  FIRST_TEMPORARY,
  LOCAL,
  TEMPORARIES32,
  TEMPORARIES64,
  type Recording,
} from "./locals.ts";
import { recordPrefix, recordWord } from "./record.ts";
import { swap32 } from "../wasm/swap.ts";
import { decodeRecipe } from "./recipe.ts";

const pc = local(LOCAL.PC, 64);
const word = local(LOCAL.WORD, 32);
const i32 = (n: number): Node => constant(n, 32);

/** Types of: `run` and `refill`; a handler that is called. */
const TYPES: readonly FunctionType[] = [
  { parameters: [I32], results: [I32] },
  { parameters: [I32, I64, I32], results: [I64] },
];

/** Code of `body`, with temporaries of its own. */
function codeOf(what: string, body: (emitter: Emitter) => void): Emitter["code"] {
  const emitter = new Emitter(what, FIRST_TEMPORARY);
  body(emitter);
  return emitter.code;
}

/** Loads WORD from PC; leaves, with PC set on as behind any instruction, where the page is not in the fetch TLB. */
function fetchCode(endian: Endian): Emitter["code"] {
  return codeOf("fetch", (emitter) => {
    const elsewhere = (page: Node): Node => binary("i64.gt_u", binary("i64.xor", pc, page), constant(0xffc));
    emitter.when(elsewhere(local(LOCAL.PAGE, 64)), () => {
      const shift = 12 - Math.log2(TLB_ENTRY_BYTES);
      const index = binary("i32.shr_u", unary("i32.wrap_i64", pc), i32(shift));
      const entry = emitter.bind(binary("i32.and", index, i32((TLB_ENTRIES - 1) * TLB_ENTRY_BYTES)));
      emitter.when(elsewhere(loadState(STATE.TLBFETCH, 64, PURE, entry)), () => {
        emitter.setLocal(LOCAL.PC, binary("i64.add", pc, constant(4)));
        emitter.exit("leave");
      });
      emitter.setLocal(LOCAL.PAGE, binary("i64.and", pc, constant(-0x1000)));
      emitter.setLocal(LOCAL.DELTA, loadState(STATE.TLBFETCH + 8, 32, PURE, entry));
    });
    loadWord(emitter, endian);
  });
}

/** Loads WORD from PC, whose page is at hand. */
function loadWord(emitter: Emitter, endian: Endian): void {
  const address = binary("i32.add", unary("i32.wrap_i64", pc), local(LOCAL.DELTA, 32));
  emitter.setLocal(LOCAL.WORD, loadState(0, 32, PURE, address));
  if (endian === "be") emitter.setLocal(LOCAL.WORD, swap32(word));
}

/**
 * With a prefix in WORD: sets HANDLER, and WORD to the suffix, which never is in another page. PC stays the suffix's address. Leaves where
 * the two cross a boundary of 64 bytes, and where no handler is found.
 */
function prefixCode(endian: Endian, recording: Recording): Emitter["code"] {
  return codeOf("prefix", (emitter) => {
    const low = unary("i32.wrap_i64", pc);
    emitter.leaveIf(unary("i32.eqz", binary("i32.and", low, i32(63))));
    emitter.storeOwn(STATE.PREFIX, word);
    // byte offsets in the table: bits 6:11 of the prefix, then the primary opcode, then a byte
    const type = emitter.bind(binary("i32.and", binary("i32.shr_u", word, i32(13)), i32(0x1f80)));
    loadWord(emitter, endian);
    if (recording === "recording") recordPrefix(emitter);
    const opcode = binary("i32.and", binary("i32.shr_u", word, i32(25)), i32(0x7e));
    emitter.emit(binary("i32.or", type, opcode));
    emitter.memory("i32.load16_u", STATE.DECODEPREFIXED);
    emitter.op(CONTROL["local.tee"], LOCAL.HANDLER);
    emitter.op(NUMERIC["i32.eqz"]);
    emitter.exitIf("leave");
  });
}

/** Sets HANDLER from WORD, PC to the next instruction, and leaves the handler's number on the stack. */
function decodeCode(): Emitter["code"] {
  return codeOf("decode", (emitter) => {
    const primary = emitter.bind(binary("i32.and", binary("i32.shr_u", word, i32(22)), i32(0x3f0)));
    const selector = (offset: number): Node => loadState(STATE.DECODEPRIMARY + offset, 32, PURE, primary);
    const low = binary("i32.and", binary("i32.shl", word, i32(1)), selector(4));
    const high = binary("i32.and", binary("i32.shr_u", word, selector(12)), selector(8));
    emitter.emit(binary("i32.add", binary("i32.add", selector(0), low), high));
    emitter.memory("i32.load16_u", STATE.DECODE);
    emitter.op(CONTROL["local.set"], LOCAL.HANDLER);
    emitter.setLocal(LOCAL.PC, binary("i64.add", pc, constant(4)));
    emitter.emit(local(LOCAL.HANDLER, 32));
  });
}

const TEMPORARY_LOCALS = [
  [TEMPORARIES64, I64],
  [TEMPORARIES32, I32],
] as const;

/** A handler that is called: (budget, pc, word) -> pc; 1 is added to the address where it leaves. */
function calledHandler(handler: Handler): FunctionBody {
  const leaving = closeExits(
    codeOf("leave", (emitter) => {
      emitter.emit(binary("i64.add", pc, constant(1)));
    }),
    { dispatch: 0, leave: 0 },
  );
  const code = [
    ...[CONTROL.block, EMPTY, CONTROL.block, EMPTY],
    ...closeExits(handler.code, { dispatch: 0, leave: 1 }),
    ...[CONTROL.end, CONTROL["local.get"], LOCAL.PC, CONTROL.return, CONTROL.end],
    ...leaving,
  ];
  return { type: 1, locals: [[1, I64], [2, I32], ...TEMPORARY_LOCALS], code };
}

/**
 * The function `run(budget) -> rest`: executes up to `budget` instructions. `rest` is 0 at the end of the budget; otherwise the
 * instruction at NIA is not executed, and is for the reference engine.
 */
function runFunction(handlers: readonly Handler[], endian: Endian, recording: Recording): FunctionBody {
  // the prefix's stands last: it goes on into what calls the others
  const inline = [...handlers.flatMap((handler, i) => (handler.inline && i !== PREFIX ? [i] : [])), PREFIX];
  const blockOf = new Map(inline.map((handler, block) => [handler, block]));
  const blocks = inline.length + 1; // the last is for all that are called
  const code: number[] = [];
  const push = (bytes: readonly number[]): void => {
    for (const byte of bytes) code.push(byte);
  };
  const closed = (body: Code, open: number): void => {
    push(closeExits(body, { dispatch: open, leave: open + 1 }));
  };
  closed(
    codeOf("entry", (emitter) => {
      emitter.setLocal(LOCAL.PC, loadState(STATE.NIA, 64, PURE));
      emitter.setLocal(LOCAL.PAGE, binary("i64.xor", pc, constant(-1))); // another page than the first
    }),
    0,
  );
  push([CONTROL.block, EMPTY, CONTROL.loop, EMPTY]);
  closed(
    codeOf("budget", (emitter) => {
      const budget = local(LOCAL.BUDGET, 32);
      emitter.when(unary("i32.eqz", budget), () => {
        emitter.storeOwn(STATE.NIA, pc);
        emitter.emit(i32(0));
        emitter.op(CONTROL.return);
      });
      emitter.setLocal(LOCAL.BUDGET, binary("i32.sub", budget, i32(1)));
    }),
    0,
  );
  for (let i = 0; i < blocks; i++) push([CONTROL.block, EMPTY]);
  closed(fetchCode(endian), blocks);
  if (recording === "recording") closed(codeOf("record", recordWord), blocks);
  closed(decodeCode(), blocks);
  const targets = handlers.map((_, i) => unsigned(blockOf.get(i) ?? blocks - 1));
  push([CONTROL.br_table, ...unsigned(targets.length), ...targets.flat(), ...unsigned(0)]);
  inline.forEach((handler, block) => {
    push([CONTROL.end]);
    const body = handler === PREFIX ? prefixCode(endian, recording) : (handlers[handler]?.code ?? []);
    closed(body, blocks - 1 - block);
  });
  push([CONTROL.end]);
  closed(
    codeOf("call", (emitter) => {
      for (const argument of [LOCAL.BUDGET, LOCAL.PC, LOCAL.WORD, LOCAL.HANDLER])
        emitter.op(CONTROL["local.get"], argument);
      emitter.op(CONTROL.call_indirect, 1, 0, CONTROL["local.tee"], LOCAL.PC);
      emitter.op(NUMERIC["i32.wrap_i64"]);
      emitter.emit(i32(1));
      emitter.op(NUMERIC["i32.and"]);
      emitter.exitIf("leave");
      emitter.exit("dispatch");
    }),
    0,
  );
  push([CONTROL.end, CONTROL.end]);
  closed(
    codeOf("leave", (emitter) => {
      emitter.storeOwn(STATE.NIA, binary("i64.and", binary("i64.add", pc, constant(-4)), constant(-4)));
      emitter.emit(binary("i32.add", local(LOCAL.BUDGET, 32), i32(1)));
    }),
    0,
  );
  return {
    type: 0,
    locals: [[1, I64], [1, I32], [1, I64], [2, I32], ...TEMPORARY_LOCALS],
    code,
    name: "run",
  };
}

export interface InterpreterModule {
  readonly bytes: Uint8Array;
  readonly handlers: readonly Handler[];
  /** Size of the dispatching function's code. */
  readonly runBytes: number;
}

/**
 * Generates the interpreter for one byte order. With recording its budget is what InsnRecorder.room allows.
 * @throws GenerateError where a row breaks a rule
 */
export function interpreterModule(endian: Endian, recording: Recording = "plain"): InterpreterModule {
  const { handlers, variants } = generateHandlers(endian, recording);
  const run = runFunction(handlers, endian, recording);
  const called = handlers.filter(({ inline }) => !inline);
  const table = handlers.map((handler) => 1 + called.indexOf(handler));
  const bytes = moduleBytes({
    types: TYPES,
    imports: [{ name: "refill", type: 0 }],
    pages: RAM_OFFSET / 0x1_0000,
    functions: [run, ...called.map(calledHandler)],
    table,
    custom: [{ name: DECODE_SECTION, bytes: recipeBytes(decodeRecipe(variants)) }],
  });
  return { bytes, handlers, runBytes: run.code.length };
}
