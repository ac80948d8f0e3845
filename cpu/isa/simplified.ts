// Other names for special cases of instructions [Power ISA v3.1B I C], as the GNU tools know them.
// Conditional branches are in branch-spelling.ts. A line: name, operands, row and what the name takes for granted.
import { prefixed } from "./rows/prefixed.ts";
import { spelling, type Spelling } from "./spelling.ts";

/** TO of the traps that have a name. */
// prettier-ignore
const trapConditions = [
  ["lgt", 1], ["llt", 2], ["eq", 4], ["lge", 5], ["lle", 6], ["gt", 8], ["ge", 12], ["lt", 16], ["le", 20], ["ne", 24], ["u", 31],
] as const;

/** Prefixed loads and stores relative to themselves: `pld r3,8` is 8 bytes behind its prefix. */
const relative = prefixed
  .filter(({ syntax }) => syntax.includes("D(RA0),R?"))
  .map(({ mnemonic, syntax }) => spelling(mnemonic, syntax.replace("(RA0),R?", ""), `${mnemonic} RA0=0 R=1`));

/** What the disassembler writes: the first that fits a word, else the row itself. @source binutils 2.40, -M power9 */
// prettier-ignore
export const printed: readonly Spelling[] = Object.freeze([
  spelling("li", "RT,SI", "addi RA0=0"),
  spelling("lis", "RT,SI", "addis RA0=0"),
  spelling("lnia", "RT", "addpcis D=0"),
  spelling("nop", "", "ori RA=0 RS=0 UI=0"),
  spelling("exser", "", "ori RA=31 RS=31 UI=0", { since: "power9" }),
  spelling("xnop", "", "xori RA=0 RS=0 UI=0"),
  spelling("yield", "", "or RA=27 RS=27 RB=27 Rc=0"),
  spelling("mdoio", "", "or RA=29 RS=29 RB=29 Rc=0"),
  spelling("mdoom", "", "or RA=30 RS=30 RB=30 Rc=0"),
  spelling("miso", "", "or RA=26 RS=26 RB=26 Rc=0"),
  spelling("mr", "RA,RS", "or RB=RS"),
  spelling("not", "RA,RS", "nor RB=RS"),
  spelling("cmpwi", "BF?,RA,SI", "cmpi L=0"),
  spelling("cmpdi", "BF?,RA,SI", "cmpi L=1"),
  spelling("cmplwi", "BF?,RA,UI", "cmpli L=0"),
  spelling("cmpldi", "BF?,RA,UI", "cmpli L=1"),
  spelling("cmpw", "BF?,RA,RB", "cmp L=0"),
  spelling("cmpd", "BF?,RA,RB", "cmp L=1"),
  spelling("cmplw", "BF?,RA,RB", "cmpl L=0"),
  spelling("cmpld", "BF?,RA,RB", "cmpl L=1"),
  spelling("isellt", "RT,RA0,RB", "isel BC=0"),
  spelling("iselgt", "RT,RA0,RB", "isel BC=1"),
  spelling("iseleq", "RT,RA0,RB", "isel BC=2"),
  spelling("trap", "", "tw TO=31 RA=0 RB=0"),
  ...trapConditions.flatMap(([name, TO]) => [
    spelling(`tw${name}`, "RA,RB", `tw TO=${TO}`),
    spelling(`tw${name}i`, "RA,SI", `twi TO=${TO}`),
    spelling(`td${name}`, "RA,RB", `td TO=${TO}`),
    spelling(`td${name}i`, "RA,SI", `tdi TO=${TO}`),
  ]),
  spelling("rotlwi", "RA,RS,SH", "rlwinm MB=0 ME=31"),
  spelling("clrlwi", "RA,RS,MB", "rlwinm SH=0 ME=31"),
  spelling("slwi", "RA,RS,n", "rlwinm SH=n MB=0 ME=31-n"),
  spelling("srwi", "RA,RS,n", "rlwinm SH=32-n MB=n ME=31"),
  spelling("clrrwi", "RA,RS,n", "rlwinm SH=0 MB=0 ME=31-n"),
  spelling("rotlw", "RA,RS,RB", "rlwnm MB=0 ME=31"),
  spelling("rotldi", "RA,RS,SH", "rldicl MB=0"),
  spelling("clrldi", "RA,RS,MB", "rldicl SH=0"),
  spelling("srdi", "RA,RS,n", "rldicl SH=64-n MB=n"),
  spelling("clrrdi", "RA,RS,n", "rldicr SH=0 ME=63-n"),
  spelling("sldi", "RA,RS,n", "rldicr SH=n ME=63-n"),
  spelling("rotld", "RA,RS,RB", "rldcl MB=0"),
  spelling("crmove", "BT,BA", "cror BB=BA"),
  spelling("crnot", "BT,BA", "crnor BB=BA"),
  spelling("crclr", "BT", "crxor BA=BT BB=BT"),
  spelling("crset", "BT", "creqv BA=BT BB=BT"),
  spelling("mtcr", "RS", "mtcrf FXM=255"),
  spelling("hwsync", "", "sync LX=0"),
  spelling("lwsync", "", "sync LX=1"),
  spelling("ptesync", "", "sync LX=2"),
  spelling("dcbna", "RA0,RB", "dcbt TH=17", { since: "power10" }),
  spelling("dcbtct", "RA0,RB,TH?", "dcbt TH=0..7"),
  spelling("dcbtds", "RA0,RB,TH?8", "dcbt TH=8..15"),
  spelling("dcbtt", "RA0,RB", "dcbt TH=16"),
  spelling("dcbtstct", "RA0,RB,TH?", "dcbtst TH=0..7"),
  spelling("dcbtstds", "RA0,RB,TH?8", "dcbtst TH=8..15"),
  spelling("dcbtstt", "RA0,RB", "dcbtst TH=16"),
  spelling("dcbfl", "RA0,RB", "dcbf LX=1"),
  spelling("dcbflp", "RA0,RB", "dcbf LX=3", { since: "power9" }),
  spelling("dcbf", "RA0,RB,LX", "dcbf LX=3", { until: "power8" }),
  spelling("dcbfps", "RA0,RB", "dcbf LX=4", { since: "power10" }),
  spelling("dcbstps", "RA0,RB", "dcbf LX=6", { since: "power10" }),
  spelling("dcbzl", "RA0,RB", "dcbz LX=1"),
  spelling("slbmfee", "RT,RB,LX?", "slbmfee", { since: "power9" }),
  spelling("slbmfev", "RT,RB,LX?", "slbmfev", { since: "power9" }),
  spelling("tlbie", "RB,RS,RIC?,PRS?,R?", "tlbie", { since: "power9" }),
  spelling("tlbiel", "RB,RS?,RIC?,PRS?,R?", "tlbiel", { since: "power9" }),
  spelling("slbiag", "RS,LX", "slbiag LX=1", { since: "power10" }),
  spelling("waitasec", "", "wait WC=0", { until: "power8" }),
  spelling("waitrsv", "", "wait WC=1", { since: "power10" }),
  spelling("pause_short", "", "wait WC=2", { since: "power10" }),
  spelling("pli", "RT,SI", "paddi RA0=0 R=0"),
  spelling("pla", "RT,SI", "paddi RA0=0 R=1"),
  ...relative,
]);

/** What the assembler takes beside. */
// prettier-ignore
export const accepted: readonly Spelling[] = Object.freeze([
  spelling("la", "RT,SI(RA0)", "addi"),
  spelling("subi", "RT,RA0,n", "addi SI=0-n"),
  spelling("subis", "RT,RA0,n", "addis SI=0-n"),
  spelling("subic", "RT,RA,n", "addic SI=0-n"),
  spelling("subpcis", "RT,n", "addpcis D=0-n"),
  spelling("pla", "RT,SI(RA0),R?", "paddi"),
  spelling("psubi", "RT,RA0,n,R?", "paddi SI=0-n"),
  spelling("sub", "RT,RB,RA", "subf"),
  spelling("subc", "RT,RB,RA", "subfc"),
  spelling("extlwi", "RA,RS,n,b", "rlwinm SH=b MB=0 ME=n-1"),
  spelling("extrwi", "RA,RS,n,b", "rlwinm SH=b+n MB=32-n ME=31"),
  spelling("inslwi", "RA,RS,n,b", "rlwimi SH=32-b MB=b ME=b+n-1"),
  spelling("insrwi", "RA,RS,n,b", "rlwimi SH=32-b-n MB=b ME=b+n-1"),
  spelling("rotrwi", "RA,RS,n", "rlwinm SH=32-n MB=0 ME=31"),
  spelling("clrlslwi", "RA,RS,b,n", "rlwinm SH=n MB=b-n ME=31-n"),
  spelling("extldi", "RA,RS,n,b", "rldicr SH=b ME=n-1"),
  spelling("extrdi", "RA,RS,n,b", "rldicl SH=b+n MB=64-n"),
  spelling("insrdi", "RA,RS,n,b", "rldimi SH=64-b-n MB=b"),
  spelling("rotrdi", "RA,RS,n", "rldicl SH=64-n MB=0"),
  spelling("clrlsldi", "RA,RS,b,n", "rldic SH=n MB=b-n"),
  spelling("dcbf", "RA0,RB,LX", "dcbf"),
  spelling("sync", "LX", "sync"),
  spelling("msync", "", "sync LX=0"),
  spelling("wait", "WC", "wait"),
  spelling("mfcr", "RT,FXM", "mfocrf"),
  spelling("mftb", "RT", "mfspr SPR=268"),
  spelling("mftb", "RT,SPR", "mfspr"),
  ...trapConditions.flatMap(([name, TO]) => {
    const opposite = { lgt: "lnle", llt: "lnge", lge: "lnl", lle: "lng", gt: "", ge: "nl", lt: "", le: "ng", eq: "", ne: "", u: "" }[name];
    return opposite === "" ? [] : [
      spelling(`tw${opposite}`, "RA,RB", `tw TO=${TO}`),
      spelling(`tw${opposite}i`, "RA,SI", `twi TO=${TO}`),
      spelling(`td${opposite}`, "RA,RB", `td TO=${TO}`),
      spelling(`td${opposite}i`, "RA,SI", `tdi TO=${TO}`),
    ];
  }),
]);
