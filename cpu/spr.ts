// The special-purpose registers: numbers and names. What reading or writing them does is in cpu/system/spr.ts.

/** Numbers of the SPRs this machine knows. [Power ISA v3.1B III 5.4.4, v2.07B III-S 4.4.4] */
// prettier-ignore: a table, read as the manual's
export const SPR = Object.freeze({
  XER: 1,
  UDSCR: 3,
  LR: 8,
  CTR: 9,
  UAMR: 13,
  DSCR: 17,
  DSISR: 18,
  DAR: 19,
  DEC: 22,
  SDR1: 25,
  SRR0: 26,
  SRR1: 27,
  CFAR: 28,
  AMR: 29,
  PIDR: 48,
  IAMR: 61,
  CTRLR: 136,
  CTRL: 152,
  FSCR: 153,
  UAMOR: 157,
  PSPB: 159,
  DPDES: 176,
  DAWR0: 180,
  RPR: 186,
  CIABR: 187,
  DAWRX0: 188,
  HFSCR: 190,
  VRSAVE: 256,
  USPRG3: 259,
  TB: 268,
  TBU: 269,
  SPRG0: 272,
  SPRG1: 273,
  SPRG2: 274,
  SPRG3: 275,
  TBL: 284,
  TBUW: 285,
  TBU40: 286,
  PVR: 287,
  HSPRG0: 304,
  HSPRG1: 305,
  HDSISR: 306,
  HDAR: 307,
  SPURR: 308,
  PURR: 309,
  HDEC: 310,
  HRMOR: 313,
  HSRR0: 314,
  HSRR1: 315,
  LPCR: 318,
  LPIDR: 319,
  HMER: 336,
  HMEER: 337,
  PCR: 338,
  HEIR: 339,
  AMOR: 349,
  PTCR: 464,
  BESCR: 806,
  EBBHR: 804,
  EBBRR: 805,
  TAR: 815,
  ASDR: 816,
  PSSCR: 855,
  PPR: 896,
  PPR32: 898,
  PIR: 1023,
} as const);

/** An SPR this machine knows, by the manual's name. */
export type SprName = keyof typeof SPR;

/** The number of an SPR, 0 to 1023. @throws RangeError for a number outside. */
export function sprNumber(which: SprName | number): number {
  const n = typeof which === "number" ? which : SPR[which];
  if (!Number.isInteger(n) || n < 0 || n > 1023) throw new RangeError(`SPR ${n} is not in 0..1023`);
  return n;
}
