// Special-purpose registers, machine state, translation and processor control [Power ISA v3.1B I 3.3.17, III 3.3, 4.4, 5.4, 5.9, 10.3].
// The rows alone; what the privileged ones do is written over the state of the CPU, outside this folder.
import { insn, type Row } from "../row.ts";

// One row an instruction, as in the manual.
// prettier-ignore
export const system: readonly Row[] = [
  insn("mfspr",   "011111 RT:5 SPR:5 SPR^5 0101010011 /",        "RT,SPR", (m, f) => m.setGpr(f.RT, m.spr(f.SPR))),
  insn("mtspr",   "011111 RS:5 SPR:5 SPR^5 0111010011 /",        "SPR,RS", (m, f) => m.setSpr(f.SPR, m.gpr(f.RS))),
  insn("mftb",    "011111 RT:5 SPR:5 SPR^5 0101110011 /",        "RT,SPR", (m, f) => m.setGpr(f.RT, m.spr(f.SPR))),
  insn("mfmsr",   "011111 RT:5 ///// ///// 0001010011 /",        "RT",     (m, f) => m.system("mfmsr", f.RT)),
  insn("mtmsr",   "011111 RS:5 //// L ///// 0010010010 /",       "RS,L?",  (m, f) => m.system("mtmsr", m.gpr(f.RS), f.L)),
  insn("mtmsrd",  "011111 RS:5 //// L ///// 0010110010 /",       "RS,L?",  (m, f) => m.system("mtmsrd", m.gpr(f.RS), f.L)),
  insn("rfid",    "010011 ///// ///// ///// 0000010010 /",       "",       (m) => m.system("rfid")),
  insn("hrfid",   "010011 ///// ///// ///// 0100010010 /",       "",       (m) => m.system("hrfid")),
  insn("rfscv",   "010011 ///// ///// ///// 0001010010 /",       "",       (m) => m.system("rfscv"), { since: "power9" }),
  insn("attn",    "000000 ///// ///// ///// 0100000000 /",       "",       (m) => m.system("attn")),
  insn("stop",    "010011 ///// ///// ///// 0101110010 /",       "",       (m) => m.system("stop"), { since: "power9" }),
  insn("doze",    "010011 ///// ///// ///// 0110010010 /",       "",       (m) => m.system("doze"), { until: "power8" }),
  insn("nap",     "010011 ///// ///// ///// 0110110010 /",       "",       (m) => m.system("nap"), { until: "power8" }),
  insn("sleep",   "010011 ///// ///// ///// 0111010010 /",       "",       (m) => m.system("sleep"), { until: "power8" }),
  insn("slbmte",  "011111 RS:5 ///// RB:5 0110010010 /",         "RS,RB",  (m, f) => m.system("slbmte", m.gpr(f.RS), m.gpr(f.RB))),
  insn("slbie",   "011111 ///// ///// RB:5 0110110010 /",        "RB",     (m, f) => m.system("slbie", m.gpr(f.RB))),
  insn("slbieg",  "011111 RS:5 ///// RB:5 0111010010 /",         "RS,RB",  (m, f) => m.system("slbieg", m.gpr(f.RS), m.gpr(f.RB)), { since: "power9" }),
  insn("slbia",   "011111 // IH:3 ///// ///// 0111110010 /",     "IH?",    (m, f) => m.system("slbia", f.IH)),
  insn("slbiag",  "011111 RS:5 //// LX ///// 1101010010 /",      "RS",     (m, f) => m.system("slbiag", m.gpr(f.RS)), { since: "power9" }),
  insn("slbmfee", "011111 RT:5 //// LX RB:5 1110010011 /",       "RT,RB",  (m, f) => m.system("slbmfee", f.RT, m.gpr(f.RB))),
  insn("slbmfev", "011111 RT:5 //// LX RB:5 1101010011 /",       "RT,RB",  (m, f) => m.system("slbmfev", f.RT, m.gpr(f.RB))),
  insn("slbfee.", "011111 RT:5 ///// RB:5 1111010011 1",         "RT,RB",  (m, f) => m.system("slbfee", f.RT, m.gpr(f.RB))),
  insn("slbsync", "011111 ///// ///// ///// 0101010010 /",       "",       (m) => m.system("slbsync"), { since: "power9" }),
  insn("tlbie",   "011111 RS:5 / RIC:2 PRS R RB:5 0100110010 /", "RB,RS",  (m, f) => m.system("tlbie", m.gpr(f.RS), m.gpr(f.RB), f.RIC, f.PRS, f.R)),
  insn("tlbiel",  "011111 RS:5 / RIC:2 PRS R RB:5 0100010010 /", "RB",     (m, f) => m.system("tlbiel", m.gpr(f.RS), m.gpr(f.RB), f.RIC, f.PRS, f.R)),
  insn("tlbsync", "011111 ///// ///// ///// 1000110110 /",       "",       (m) => m.system("tlbsync")),
  insn("msgsnd",  "011111 ///// ///// RB:5 0011001110 /",        "RB",     (m, f) => m.system("msgsnd", m.gpr(f.RB))),
  insn("msgclr",  "011111 ///// ///// RB:5 0011101110 /",        "RB",     (m, f) => m.system("msgclr", m.gpr(f.RB))),
  insn("msgsndp", "011111 ///// ///// RB:5 0010001110 /",        "RB",     (m, f) => m.system("msgsndp", m.gpr(f.RB))),
  insn("msgclrp", "011111 ///// ///// RB:5 0010101110 /",        "RB",     (m, f) => m.system("msgclrp", m.gpr(f.RB))),
  insn("msgsync", "011111 ///// ///// ///// 1101110110 /",       "",       (m) => m.system("msgsync"), { since: "power9" }),
];
