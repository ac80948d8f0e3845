// Directives that put data into memory: how large each operand is, which values fit it, and its bytes. Their operands are read elsewhere.
import { hex64, type U64 } from "../../../word/long.ts";

/** Bytes of a number. */
export type DataSize = 1 | 2 | 4 | 8;

/** Bytes of each operand. */
export const dataSizes: Readonly<Record<string, DataSize>> = {
  ".byte": 1,
  ".short": 2,
  ".half": 2,
  ".2byte": 2,
  ".long": 4,
  ".int": 4,
  ".4byte": 4,
  ".quad": 8,
  ".8byte": 8,
};

/** What stands behind each string. */
export const stringDirectives: Readonly<Record<string, { readonly end: string }>> = {
  ".ascii": { end: "" },
  ".asciz": { end: "\0" },
  ".string": { end: "\0" },
};

/** Why a value cannot be written in so many bytes, as a signed or as an unsigned number; undefined where it can. */
export function dataFault(value: U64, size: DataSize): string | undefined {
  if (size === 8) return undefined;
  const number = value.toSigned().toNumber();
  const values = 2 ** (8 * size);
  if (number >= -values / 2 && number < values) return undefined;
  return `${hex64(value)} is not ${-values / 2} to ${values - 1}`;
}

/** Writes the low `size` bytes of a value at byte `at`. */
export function putData(view: DataView, at: number, size: DataSize, { high, low }: U64, le: boolean): void {
  if (size === 1) view.setUint8(at, low);
  else if (size === 2) view.setUint16(at, low, le);
  else if (size === 4) view.setUint32(at, low, le);
  else {
    view.setUint32(le ? at : at + 4, low, le);
    view.setUint32(le ? at + 4 : at, high, le);
  }
}
