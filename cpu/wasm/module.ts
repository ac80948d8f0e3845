// The binary layout of a WebAssembly module: numbers, vectors, sections. What the functions do is told by others.
import { CONTROL, type I32, type I64 } from "./opcodes.ts";

export type ValueType = typeof I32 | typeof I64;

/** Unsigned LEB128 of 0 to 2^32 - 1. */
export function unsigned(n: number): number[] {
  const bytes: number[] = [];
  let rest = n >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128. */
export function signed(n: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = n; ;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const sign = (low & 0x40) !== 0;
    if ((rest === 0n && !sign) || (rest === -1n && sign)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(name: string): number[] {
  const bytes = [...new TextEncoder().encode(name)];
  return [...unsigned(bytes.length), ...bytes];
}

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface Import {
  readonly name: string;
  readonly type: number;
}

export interface FunctionBody {
  /** Index into the module's types. */
  readonly type: number;
  /** Locals after the parameters. */
  readonly locals: readonly (readonly [count: number, type: ValueType])[];
  /** Without the last `end`. */
  readonly code: readonly number[];
  /** Exported under this name. */
  readonly name?: string;
}

export interface ModuleParts {
  readonly types: readonly FunctionType[];
  /** Functions imported from `env`; the memory is `env.memory`. */
  readonly imports: readonly Import[];
  /** Least size of the imported memory, in pages of 64 KiB. */
  readonly pages: number;
  readonly functions: readonly FunctionBody[];
  /** Function table: indexes into `functions`. */
  readonly table: readonly number[];
  /** Custom sections: found by WebAssembly.Module.customSections. */
  readonly custom: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** The module's bytes. */
export function moduleBytes(parts: ModuleParts): Uint8Array {
  const { types, imports, functions, table } = parts;
  const sections: number[][] = [];
  const section = (id: number, body: readonly number[]): void => {
    sections.push([id, ...unsigned(body.length)], [...body]);
  };
  const list = (values: readonly ValueType[]): number[] => vector(values.map((value) => [value]));
  section(1, vector(types.map((type) => [0x60, ...list(type.parameters), ...list(type.results)])));
  section(
    2,
    vector([
      [...text("env"), ...text("memory"), 2, 0, ...unsigned(parts.pages)],
      ...imports.map(({ name, type }) => [...text("env"), ...text(name), 0, ...unsigned(type)]),
    ]),
  );
  section(3, vector(functions.map(({ type }) => unsigned(type))));
  if (table.length > 0) section(4, [1, 0x70, 0, ...unsigned(table.length)]);
  section(
    7,
    vector(
      functions.flatMap(({ name }, i) =>
        name === undefined ? [] : [[...text(name), 0, ...unsigned(imports.length + i)]],
      ),
    ),
  );
  if (table.length > 0) {
    const items = table.map((i) => unsigned(imports.length + i));
    section(9, [1, 0, CONTROL["i32.const"], 0, CONTROL.end, ...vector(items)]);
  }
  const bodies = functions.map(({ locals, code }) => {
    const body = [...vector(locals.map(([count, type]) => [...unsigned(count), type])), ...code, CONTROL.end];
    return [...unsigned(body.length), ...body];
  });
  section(10, vector(bodies));
  for (const { name, bytes } of parts.custom) section(0, [...text(name), ...bytes]);
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
}
