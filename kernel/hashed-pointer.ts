// Pointers as `%p` prints them: hashed with a secret of the boot's, so that a log gives no address away.
// Which conversions hash, and who may see plain ones, is the callers' matter.
import { fromHalves, hex64, u64, type U64 } from "../word/long.ts";
import type { Random } from "./random.ts";
import type { LinuxVersion } from "./version.ts";

/** SipHash's initial state, before the key is mixed in. [SipHash, Aumasson and Bernstein 2012, 2.1] */
const INITIAL: readonly U64[] = Object.freeze([
  fromHalves(0x736f_6d65, 0x7073_6575),
  fromHalves(0x646f_7261, 0x6e64_6f6d),
  fromHalves(0x6c79_6765, 0x6e65_7261),
  fromHalves(0x7465_6462, 0x7974_6573),
]);

/** SipHash-2-4 of eight bytes, read as one little-endian number. @linux lib/siphash.c siphash_1u64 */
export function siphash(value: U64, key: readonly [U64, U64]): U64 {
  let [v0, v1, v2, v3] = INITIAL.map((word, i) => word.xor(i % 2 === 0 ? key[0] : key[1])) as [
    U64,
    U64,
    U64,
    U64,
  ];
  const round = (): void => {
    v0 = v0.add(v1);
    v1 = v1.rotl(13).xor(v0);
    v0 = v0.rotl(32);
    v2 = v2.add(v3);
    v3 = v3.rotl(16).xor(v2);
    v0 = v0.add(v3);
    v3 = v3.rotl(21).xor(v0);
    v2 = v2.add(v1);
    v1 = v1.rotl(17).xor(v2);
    v2 = v2.rotl(32);
  };
  // The last word has the length in its highest byte.
  for (const word of [value, u64(8).shl(56)]) {
    v3 = v3.xor(word);
    round();
    round();
    v0 = v0.xor(word);
  }
  v2 = v2.xor(0xff);
  for (let i = 0; i < 4; i++) round();
  return v0.xor(v1).xor(v2).xor(v3);
}

/** The highest errno of a pointer that is an error. @linux include/linux/err.h MAX_ERRNO */
const MAX_ERRNO = 4095;

/** Whether a pointer is an error number. @linux include/linux/err.h IS_ERR_VALUE */
export function isErrorPointer(address: U64): boolean {
  return address.gte(u64(-MAX_ERRNO));
}

/** The hash of this boot. */
export class PointerHash {
  readonly #key: readonly [U64, U64];

  constructor(random: Random) {
    const word = (): U64 => fromHalves(random.u32() | 0, random.u32() | 0);
    this.#key = [word(), word()];
  }

  /** 16 digits, of which the first eight are 0. @linux lib/vsprintf.c ptr_to_hashval */
  text(address: U64): string {
    return hex64(siphash(address, this.#key).and(fromHalves(0, -1))).slice(2);
  }

  /** What `%p` prints: the hash, but of what is no address: NULL, and later errors too. @linux lib/vsprintf.c pointer */
  printed(address: U64, { plainPointers }: Pick<LinuxVersion, "plainPointers">): string {
    if (plainPointers === "(null)") return address.isZero() ? plainPointers.padStart(16) : this.text(address);
    const isPlain = address.isZero() || isErrorPointer(address);
    return isPlain ? hex64(address).slice(2) : this.text(address);
  }
}
