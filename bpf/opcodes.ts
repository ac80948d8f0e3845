// The numbers of BPF opcodes, under the names of RFC 9669 and linux/bpf.h, and how an opcode byte falls into parts.
// Says nothing of which combinations are valid: verifier/check.ts does.

// Classes: bits 0..2 of the opcode byte [RFC 9669 3.1].
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_JMP = 0x05;
export const BPF_JMP32 = 0x06;
export const BPF_ALU64 = 0x07;

// Source operand: bit 3 of arithmetic and jump opcodes [RFC 9669 4]. For BPF_END it is the direction.
export const BPF_K = 0x00;
export const BPF_X = 0x08;
export const BPF_TO_LE = 0x00;
export const BPF_TO_BE = 0x08;

// Arithmetic: bits 4..7 [RFC 9669 4.1]. BPF_DIV and BPF_MOD are signed with offset 1; BPF_MOV extends the sign of
// `off` bits with offset 8, 16 or 32.
export const BPF_ADD = 0x00;
export const BPF_SUB = 0x10;
export const BPF_MUL = 0x20;
export const BPF_DIV = 0x30;
export const BPF_OR = 0x40;
export const BPF_AND = 0x50;
export const BPF_LSH = 0x60;
export const BPF_RSH = 0x70;
export const BPF_NEG = 0x80;
export const BPF_MOD = 0x90;
export const BPF_XOR = 0xa0;
export const BPF_MOV = 0xb0;
export const BPF_ARSH = 0xc0;
export const BPF_END = 0xd0;

// Jumps: bits 4..7 [RFC 9669 4.3].
export const BPF_JA = 0x00;
export const BPF_JEQ = 0x10;
export const BPF_JGT = 0x20;
export const BPF_JGE = 0x30;
export const BPF_JSET = 0x40;
export const BPF_JNE = 0x50;
export const BPF_JSGT = 0x60;
export const BPF_JSGE = 0x70;
export const BPF_CALL = 0x80;
export const BPF_EXIT = 0x90;
export const BPF_JLT = 0xa0;
export const BPF_JLE = 0xb0;
export const BPF_JSLT = 0xc0;
export const BPF_JSLE = 0xd0;

// Sizes of loads and stores: bits 3..4 [RFC 9669 5].
export const BPF_W = 0x00;
export const BPF_H = 0x08;
export const BPF_B = 0x10;
export const BPF_DW = 0x18;

// Modes of loads and stores: bits 5..7 [RFC 9669 5].
export const BPF_IMM = 0x00;
export const BPF_ABS = 0x20;
export const BPF_IND = 0x40;
export const BPF_MEM = 0x60;
export const BPF_MEMSX = 0x80;
export const BPF_ATOMIC = 0xc0;

/** With BPF_ST: a barrier against speculation, which only the core makes. [Linux 6.12 include/linux/filter.h] */
export const BPF_NOSPEC = 0xc0;

// The immediate of an atomic is one of BPF_ADD BPF_OR BPF_AND BPF_XOR, alone or with BPF_FETCH, or one of the other
// two [RFC 9669 5.3].
export const BPF_FETCH = 0x01;
export const BPF_XCHG = 0xe0 | BPF_FETCH;
export const BPF_CMPXCHG = 0xf0 | BPF_FETCH;

/** Opcode of the 16-byte instruction; its second slot has opcode 0. */
export const BPF_LD_IMM64 = 0x18; // BPF_LD | BPF_DW | BPF_IMM

// The src field of BPF_LD_IMM64 [RFC 9669 5.4], under the kernel's names.
export const BPF_PSEUDO_MAP_FD = 1;
export const BPF_PSEUDO_MAP_VALUE = 2;
export const BPF_PSEUDO_BTF_ID = 3;
export const BPF_PSEUDO_FUNC = 4;
export const BPF_PSEUDO_MAP_IDX = 5;
export const BPF_PSEUDO_MAP_IDX_VALUE = 6;

// The src field of BPF_CALL [RFC 9669 4.3.1].
export const BPF_HELPER_CALL = 0;
export const BPF_PSEUDO_CALL = 1;
export const BPF_PSEUDO_KFUNC_CALL = 2;

/** The register that points behind the stack; read-only. */
export const BPF_REG_FP = 10;
/** Registers a program can name: r0..r10. */
export const MAX_BPF_REG = 11;
/** Bytes of stack that one chain of calls may use together. */
export const MAX_BPF_STACK = 512;

/** Class of an opcode: BPF_LD … BPF_ALU64. */
export const classOf = (code: number): number => code & 0x07;
/** Operation of an arithmetic or jump opcode: BPF_ADD … BPF_END, BPF_JA … BPF_JSLE. */
export const operationOf = (code: number): number => code & 0xf0;
/** BPF_K or BPF_X of an arithmetic or jump opcode. */
export const sourceOf = (code: number): number => code & 0x08;
/** BPF_W, BPF_H, BPF_B or BPF_DW of a load or store opcode. */
export const sizeOf = (code: number): number => code & 0x18;
/** BPF_IMM … BPF_ATOMIC of a load or store opcode. */
export const modeOf = (code: number): number => code & 0xe0;

/** Bytes that a load or store opcode moves. */
export function bytesOf(code: number): 1 | 2 | 4 | 8 {
  switch (sizeOf(code)) {
    case BPF_B:
      return 1;
    case BPF_H:
      return 2;
    case BPF_W:
      return 4;
    default:
      return 8;
  }
}

/** Whether the opcode's class is BPF_JMP or BPF_JMP32. */
export const isJumpClass = (code: number): boolean =>
  classOf(code) === BPF_JMP || classOf(code) === BPF_JMP32;
/** Whether the opcode's class is BPF_ALU or BPF_ALU64. */
export const isAluClass = (code: number): boolean => classOf(code) === BPF_ALU || classOf(code) === BPF_ALU64;
