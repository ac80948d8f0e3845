// `npm start`: the main job on a bundled program, shown: BPF beside the code it became, where that landed, what it returned.
// Everything shown is computed here and now; nothing of it is decided here.
import { readFileSync } from "node:fs";
import { isPseudoCall } from "../bpf/insn.ts";
import { printInsn } from "../bpf/print.ts";
import { drawMap } from "../cli/address-map.ts";
import { bare, codeGroups, nameWithOffset } from "../cli/listing.ts";
import type { CodeGroup } from "../cli/listing.ts";
import { paint, printLines, table, visibleLength } from "../cli/output.ts";
import { Kernel } from "../kernel/kernel.ts";
import type { Program } from "../kernel/program.ts";
import { signedBits } from "../word/distance.ts";
import type { U64 } from "../word/long.ts";
import { capturedFrames, examplePath } from "./examples.ts";
import type { Expected } from "./examples.ts";

const FILE = "xdp_parse.el.o";
const PROGRAM = "xdp_parse";
const ACTIONS = ["XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"];
const { bold, dim, green, red, yellow, cyan, blue } = paint();

const kernel = new Kernel({ layout: "hash64k-4.15" });
const program = kernel.bpf.load(readFileSync(examplePath(FILE))).program(PROGRAM);
const nameOf = (address: U64): string | undefined => {
  const symbol = kernel.kallsyms.lookup(address);
  return symbol === undefined ? undefined : nameWithOffset(symbol.name, symbol.offset);
};

printLines([...heading(), "", ...listing(), "", ...landing(), "", ...results()]);

function heading(): readonly string[] {
  const { layout, cpu, endian, abi } = kernel;
  const { xlated, functions } = program.loaded;
  const rows = [
    [
      "program",
      `${bold(PROGRAM)} (${program.type}) of examples/${FILE}, an object of clang: ${functions.length} functions, ${program.maps.length} maps`,
    ],
    [
      "machine",
      `${cpu.state.model.toUpperCase()}, ${endian === "le" ? "little" : "big"}-endian, ${abi}, ${layout.mmu} MMU with ${2 ** (layout.pageShift - 10)}K pages; addresses as in Linux ${layout.version.name}`,
    ],
    ["JIT", `${xlated.insns.length} BPF instructions became ${bold(`${program.jitedBytes / 4}`)} of ppc64`],
  ];
  return [
    bold(cyan("farcall: JITed BPF on a POWER machine that is not there")),
    "",
    ...table(rows.map(([name = "", text = ""]) => [`  ${dim(name)}`, text])),
  ];
}

/** The instructions around the first call of another function, beside their code. */
function listing(): readonly string[] {
  const [fn] = program.images;
  const insns = program.loaded.functions[0]?.insns ?? [];
  if (fn === undefined) return [];
  const groups = codeGroups(fn, insns, kernel.cpu.state.model, nameOf);
  const at = groups.findIndex(
    ({ slot }) => slot >= 0 && isPseudoCall(insns[slot] ?? { code: 0, dst: 0, src: 0, off: 0, imm: 0 }),
  );
  const shown = groups.slice(Math.max(0, at - 6), at + 3);
  const left = (group: CodeGroup): string =>
    group.kind === "insn" ? `${String(group.slot).padStart(5)}: ${bpfText(program, group.slot)}` : group.kind;
  const rows = shown.flatMap((group) => {
    const lines = group.code.length === 0 ? [undefined] : group.code;
    return lines.map((line, i) => {
      const text = line === undefined ? dim("nothing") : `${dim(bare(line.address))}  ${colored(line.text)}`;
      return [i === 0 ? left(group) : "", text] as const;
    });
  });
  const width = Math.max(44, ...rows.map(([bpf]) => visibleLength(bpf)));
  const line = ([bpf, code]: readonly [string, string]): string =>
    `  ${bpf}${" ".repeat(width - visibleLength(bpf))} ${dim("│")} ${code}`;
  return [
    line([bold("BPF"), `${bold("ppc64")}${dim("  (the whole: farcall prog dump jited)")}`]),
    `  ${dim(`${"─".repeat(width + 1)}┼${"─".repeat(60)}`)}`,
    ...rows.map(line),
  ];
}

function bpfText({ loaded, images }: Program, slot: number): string {
  return printInsn(loaded.xlated.insns, slot, {
    kind: "xlated",
    resolve: {
      call: (insn) =>
        isPseudoCall(insn)
          ? `${insn.off < 0 ? "" : "+"}${insn.off}#${images[insn.imm]?.name ?? ""}`
          : nameOf(kernel.bpf.calledAddress(insn.imm)),
      immediate: (insn, upper) =>
        insn.src === 0
          ? undefined
          : `${program.maps.find((map) => map.id === insn.imm)?.definition.name ?? "map"}${insn.src === 2 ? `[0]+${upper}` : ""}`,
    },
  });
}

function colored(text: string): string {
  const [, mnemonic = text, rest = ""] = /^(\S+)(.*)$/.exec(text) ?? [];
  const paintMnemonic = /^b(l|ctrl)$/.test(mnemonic) ? yellow : blue;
  return paintMnemonic(mnemonic) + rest.replace(/<.*>/, (name) => green(name));
}

function landing(): readonly string[] {
  const callBase = kernel.text.bpfCallBase;
  const marks = [
    { address: callBase, name: "__bpf_call_base", note: "from which a BPF call's imm counts" },
    ...program.maps.map((map) => ({ address: map.address, name: `map ${map.definition.name}` })),
    ...program.images.map(({ code, name, bytes }) => ({
      address: code,
      name: bold(green(name)),
      note: `${bytes} bytes of code`,
    })),
  ];
  const stretches = kernel.layout.regions.map((region) => ({
    ...region,
    marks: marks.filter(({ address }) => address.gte(region.start) && address.lt(region.end)),
  }));
  const [main, callee] = program.images;
  const verdict =
    main === undefined || callee === undefined
      ? []
      : [
          "",
          `  ${callee.name} is ${yellow(`${signedBits(callee.code.sub(callBase))} signed bits`)} away from __bpf_call_base: no 32-bit imm holds that, so the`,
          `  call names it by its index in ${bold("aux->func")}, and the JIT, ${(callee.code.sub(main.code).toSigned().toNumber() / 1024).toFixed(0)}K from there, reaches it with one ${yellow("bl")}.`,
        ];
  return [
    bold("Where it landed"),
    "",
    ...drawMap(stretches).map((line) => `  ${line.replace(/^0x[0-9a-f_]+/, (address) => dim(address))}`),
    ...verdict,
  ];
}

function results(): readonly string[] {
  const expected = JSON.parse(readFileSync(examplePath("expected.json"), "utf8")) as Expected;
  const frames = capturedFrames();
  const counts = new Map<number, number>();
  let [instructions, nanoseconds, same] = [0, 0, 0];
  for (const [i, dataIn] of frames.entries()) {
    const run = program.testRun({ dataIn });
    if (run.kind !== "done")
      return [red(`frame ${i}: ${run.kind}`), run.kind === "oops" ? run.oops.text : ""];
    counts.set(run.retval, (counts.get(run.retval) ?? 0) + 1);
    instructions += run.guestInstructions;
    nanoseconds += run.durationNs;
    if (run.retval === expected.programs[PROGRAM]?.runs[i]?.retval) same++;
  }
  const all =
    same === frames.length
      ? green(bold(`${same} of ${frames.length}`))
      : red(bold(`${same} of ${frames.length}`));
  const rows = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([retval, count]) => [
      ACTIONS[retval] ?? String(retval),
      String(count),
      cyan("█".repeat(Math.ceil((40 * count) / frames.length))),
    ]);
  return [
    `${bold("What it returned")} for ${frames.length} frames of a real capture (examples/frames.pcap)`,
    "",
    ...table(rows, [1]).map((line) => `  ${line}`),
    "",
    `  ${all} answers are those of a real kernel (${expected.kernel}).`,
    `  ${instructions} ppc64 instructions in ${(nanoseconds / 1e6).toFixed(0)} ms.`,
  ];
}
