import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { insn } from "./insn.ts";
import { BPF_LD_IMM64, BPF_PSEUDO_MAP_FD } from "./opcodes.ts";
import { programTag, sha1 } from "./tag.ts";

describe("program tag", () => {
  it("SHA-1 is that of node:crypto for every length around the padding's edges", () => {
    for (let length = 0; length < 200; length++) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 0xff);
      expect(sha1(message)).toBe(createHash("sha1").update(message).digest("hex"));
    }
  });
  it("the tag of `r0 = 5; exit` is the beginning of the SHA-1 of its 16 bytes", () => {
    // printf '\xb7\0\0\0\5\0\0\0\x95\0\0\0\0\0\0\0' | sha1sum
    expect(programTag([insn(0xb7, { imm: 5 }), insn(0x95)], "le")).toBe("4ab3346fcf1b0c19");
  });
  it("a reference to a map counts as 0 in both slots", () => {
    const load = (fd: number): ReturnType<typeof insn>[] => [
      insn(BPF_LD_IMM64, { src: BPF_PSEUDO_MAP_FD, imm: fd }),
      insn(0, { imm: fd }),
      insn(0x95),
    ];
    expect(programTag(load(7), "le")).toBe(programTag(load(9), "le"));
  });
});
