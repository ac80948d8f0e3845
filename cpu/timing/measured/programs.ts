// The programs behind the published measurements of POWER9, as texts of the assembler. What is published are results and a
// sentence each; the loops around them, and where blocks lie, are ours.
import type { Decisions, RoundsProgram } from "./run.ts";

/** The end of every loop: one round less, and back. Needs no CTR. */
const AGAIN = `
  addi 31,31,-1
  cmpdi 7,31,0
  bgt 7,loop
  attn`;

function lines(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}

/** Puts a label's address into a register. */
function address(register: number, label: string): string {
  return `lis ${register},${label}@ha\n addi ${register},${register},${label}@l`;
}

/** How a site calls its callee. */
export type SiteCall = "bl" | "bctrl" | "none";

/** Each round calls from one of two sites, as a byte says; every site has its own callee, aligned as it is itself. */
export function twoSites(call: SiteCall, decisions: Decisions): RoundsProgram {
  const site = (register: number, callee: string): string =>
    ({ none: "nop", bl: `bl ${callee}`, bctrl: `mtctr ${register}\n bctrl` })[call];
  const text = `
  ${address(10, "f")}
  ${address(11, "g")}
  .balign 128
loop:
  lbzx 6,8,9
  addi 9,9,1
  cmpwi 6,0
  beq other
  ${site(10, "f")}
  b next
  .balign 32
other:
  ${site(11, "g")}
  .balign 32
next:
  ${AGAIN}
  .balign 32
f: blr
  .balign 32
g: blr`;
  return { text, decisions };
}

/** A jump by blr to where LR was set to, that no call belongs to; or by b for comparison. */
export function unpairedReturn(jump: "blr" | "b"): RoundsProgram {
  return {
    text: `
  ${address(10, "next")}
  .balign 32
loop:
  mtlr 10
  ${jump === "blr" ? "blr" : "b next"}
  .balign 32
next:
  ${AGAIN}`,
  };
}

/** A chain of jumps by CTR, each in an aligned block of its own. */
export function jumpsByCtr(count: number): RoundsProgram {
  return {
    text: `
  ${lines(count, (i) => address(10 + i, `next${i}`))}
  .balign 32
loop:
  ${lines(count, (i) => `mtctr ${10 + i}\n bctr\n .balign 32\nnext${i}:`)}
  ${AGAIN}`,
  };
}

/** Two jumps by CTR whose second lies in the aligned 32 bytes of the first, or in the next ones. CTR is set early for it. */
export function twoInOneBlock(shared: boolean): RoundsProgram {
  return {
    text: `
  ${address(10, "between")}
  ${address(11, "next")}
  .balign 32
loop:
  mtctr 10
  bctr
  ${shared ? "nop" : ".balign 32"}
second:
  bctr
  .balign 32
between:
  mtctr 11
  b second
  .balign 32
next:
  ${AGAIN}`,
  };
}

/** As many calls by CTR, each from 32 bytes and to a callee of its own, one after the other. */
export function manySites(count: number): RoundsProgram {
  return {
    rounds: 16,
    text: `
  .balign 32
loop:
  ${address(12, "callees")}
  .balign 32
  ${lines(count, () => "mtctr 12\n addi 12,12,32\n bctrl\n .balign 32")}
  ${AGAIN}
  .balign 32
callees:
  ${lines(count, () => "blr\n .balign 32")}`,
  };
}

/** A chain of taken branches forward, each `distance` bytes on. */
export function takenForward(count: number, distance: number): RoundsProgram {
  return {
    text: `
  .balign 128
loop:
  ${lines(count, () => `b .+${distance}\n ${lines(distance / 4 - 1, () => "nop")}`)}
  ${AGAIN}`,
  };
}

/** The shortest loop: one branch that counts and goes to itself, 16 times a round. */
export function backEdge(times: number): RoundsProgram {
  return {
    text: `
  .balign 32
loop:
  li 3,${times}
  mtctr 3
  .balign 32
inner:
  bdnz inner
  ${AGAIN}`,
  };
}

/** What stands between one round's value and the next one's. */
export type Link = "constant" | "load" | "nothing";

/**
 * A value that goes from round to round through four operations of two cycles and a constant of five instructions, or a load, in
 * which the value takes part as a register of 0 where `lis` would have none.
 */
export function criticalPath(link: Link): RoundsProgram {
  const through: Readonly<Record<Link, string>> = {
    constant: "addis 4,3,0x1234\n ori 4,4,0x5678\n sldi 4,4,32\n oris 4,4,0x1234\n ori 4,4,0x5678",
    load: "ldx 4,8,3",
    nothing: "",
  };
  const value = link === "nothing" ? 3 : 4;
  return {
    text: `
  li 3,0
  li 4,0
  .balign 32
loop:
  ${through[link]}
  xor 5,${value},${value}
  add 5,5,5
  add 5,5,5
  add 3,5,5
  ${AGAIN}`,
  };
}

/** Four far jumps whose addresses no other round waits for: constants one after the other, or loads in a block each. */
export function offPath(link: "constant" | "load"): RoundsProgram {
  const jump = (i: number): string =>
    link === "constant"
      ? `lis 12,0\n ori 12,12,0\n sldi 12,12,32\n oris 12,12,next${i}@h\n ori 12,12,next${i}@l\n mtctr 12\n bctr\nnext${i}:`
      : `ld 12,${8 * i}(7)\n mtctr 12\n bctr\n .balign 32\nnext${i}:`;
  return {
    text: `
  ${address(7, "table")}
  .balign 32
loop:
  ${lines(4, jump)}
  ${AGAIN}
  .balign 8
table:
  ${lines(4, (i) => `.quad next${i}`)}`,
  };
}

/** The same loop without its four jumps. */
export function emptyLoop(): RoundsProgram {
  return { text: `.balign 32\nloop:\n ${AGAIN}` };
}

/** LR saved in a frame and restored from it, one after the other through LR; or the frame alone. */
export function savedLink(saves: boolean): RoundsProgram {
  return {
    text: `
  .balign 32
loop:
  ${saves ? "mflr 0\n std 0,16(1)" : ""}
  stdu 1,-32(1)
  addi 1,1,32
  ${saves ? "ld 0,16(1)\n mtlr 0" : ""}
  ${AGAIN}`,
  };
}
