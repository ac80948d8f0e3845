// The tag of a program: what /proc/kallsyms and bpftool know it by, besides its name. Not a security measure.
import type { Endian, Insn } from "./insn.ts";
import { encodeInsns } from "./insn.ts";
import { BPF_LD_IMM64 } from "./opcodes.ts";

/**
 * The first eight bytes of the SHA-1 of the instructions, as 16 hex digits; map references count as 0, so that a
 * program keeps its tag from load to load. Calculated over the instructions as they were handed in, before any fixup.
 * @linux kernel/bpf/core.c bpf_prog_calc_tag (SHA-1 up to 6.15)
 */
export function programTag(insns: readonly Insn[], endian: Endian): string {
  const plain = insns.map((insn, index) => {
    const previous = insns[index - 1];
    return refersToMap(insn) || (previous !== undefined && refersToMap(previous))
      ? { ...insn, imm: 0 }
      : insn;
  });
  return sha1(encodeInsns(plain, endian)).slice(0, 16);
}

/** BPF_PSEUDO_MAP_FD and BPF_PSEUDO_MAP_VALUE. */
function refersToMap(insn: Insn): boolean {
  return insn.code === BPF_LD_IMM64 && (insn.src === 1 || insn.src === 2);
}

/** SHA-1 in lower-case hex [FIPS 180-4 6.1]. */
export function sha1(message: Uint8Array): string {
  const padded = new Uint8Array((((message.length + 8) >> 6) + 1) << 6);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(padded.length - 4, message.length << 3);
  let hash = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
  for (let block = 0; block < padded.length; block += 64) hash = compress(hash, view, block);
  return hash.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

const rotateLeft = (x: number, n: number): number => (x << n) | (x >>> (32 - n));

function compress(hash: readonly number[], view: DataView, block: number): number[] {
  const w = new Int32Array(80);
  for (let t = 0; t < 16; t++) w[t] = view.getInt32(block + 4 * t);
  const at = (t: number): number => w[t] ?? 0;
  for (let t = 16; t < 80; t++) w[t] = rotateLeft(at(t - 3) ^ at(t - 8) ^ at(t - 14) ^ at(t - 16), 1);
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = hash;
  for (let t = 0; t < 80; t++) {
    const [f, k] =
      t < 20
        ? [(b & c) | (~b & d), 0x5a82_7999]
        : t < 40
          ? [b ^ c ^ d, 0x6ed9_eba1]
          : t < 60
            ? [(b & c) | (b & d) | (c & d), 0x8f1b_bcdc]
            : [b ^ c ^ d, 0xca62_c1d6];
    const next = (rotateLeft(a, 5) + f + e + k + at(t)) | 0;
    [e, d, c, b, a] = [d, c, rotateLeft(b, 30), a, next];
  }
  return [a, b, c, d, e].map((x, i) => (x + (hash[i] ?? 0)) | 0);
}
