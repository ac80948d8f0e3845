// Special-purpose registers: number, name, who may read and write them, since which processor [Power ISA v3.1B III 5.4.4].
// What they do is the processor's; how they are spelled in mfNAME is in spr-names.ts.
import { type CpuModel, existsOn } from "./row.ts";

/** The least privilege that a move needs; "none": there is no such move. */
export type Privilege = "problem" | "supervisor" | "hypervisor" | "none";

export interface SprRow {
  readonly number: number;
  /** The manual's name. */
  readonly name: string;
  readonly read: Privilege;
  readonly write: Privilege;
  readonly since: CpuModel;
  /** The last processor that has it. */
  readonly until: CpuModel;
}

const privileges = { p: "problem", s: "supervisor", h: "hypervisor", "-": "none" } as const;
type PrivilegeLetter = keyof typeof privileges;

function spr(
  number: number,
  name: string,
  moves: `${PrivilegeLetter}${PrivilegeLetter}`,
  options: { readonly since?: CpuModel; readonly until?: CpuModel } = {},
): SprRow {
  return Object.freeze({
    number,
    name,
    read: privileges[moves.charAt(0) as PrivilegeLetter],
    write: privileges[moves.charAt(1) as PrivilegeLetter],
    since: options.since ?? "power8",
    until: options.until ?? "power10",
  });
}

// Number, name, privilege of mfspr and of mtspr: p problem state, s supervisor, h hypervisor.
// prettier-ignore
export const sprs: readonly SprRow[] = Object.freeze([
  spr(1, "XER", "pp"),
  spr(3, "UDSCR", "pp"),
  spr(8, "LR", "pp"),
  spr(9, "CTR", "pp"),
  spr(13, "UAMR", "pp"),
  spr(17, "DSCR", "ss"),
  spr(18, "DSISR", "ss"),
  spr(19, "DAR", "ss"),
  spr(22, "DEC", "ss"),
  spr(25, "SDR1", "hh", { until: "power8" }),
  spr(26, "SRR0", "ss"),
  spr(27, "SRR1", "ss"),
  spr(28, "CFAR", "ss"),
  spr(29, "AMR", "ss"),
  spr(48, "PIDR", "ss"),
  spr(61, "IAMR", "ss"),
  spr(128, "TFHAR", "pp", { until: "power9" }),
  spr(129, "TFIAR", "pp", { until: "power9" }),
  spr(130, "TEXASR", "pp", { until: "power9" }),
  spr(131, "TEXASRU", "pp", { until: "power9" }),
  spr(136, "CTRL", "p-"),
  spr(152, "CTRL", "-s"),
  spr(153, "FSCR", "ss"),
  spr(157, "UAMOR", "ss"),
  spr(159, "PSPB", "ss"),
  spr(176, "DPDES", "sh"),
  spr(180, "DAWR0", "hh"),
  spr(181, "DAWR1", "hh", { since: "power10" }),
  spr(186, "RPR", "hh"),
  spr(187, "CIABR", "hh"),
  spr(188, "DAWRX0", "hh"),
  spr(189, "DAWRX1", "hh", { since: "power10" }),
  spr(190, "HFSCR", "hh"),
  spr(256, "VRSAVE", "pp"),
  spr(259, "USPRG3", "p-"),
  spr(268, "TB", "p-"),
  spr(269, "TBU", "p-"),
  spr(272, "SPRG0", "ss"),
  spr(273, "SPRG1", "ss"),
  spr(274, "SPRG2", "ss"),
  spr(275, "SPRG3", "ss"),
  spr(284, "TBL", "-h"),
  spr(285, "TBU", "-h"),
  spr(286, "TBU40", "-h"),
  spr(287, "PVR", "s-"),
  spr(304, "HSPRG0", "hh"),
  spr(305, "HSPRG1", "hh"),
  spr(306, "HDSISR", "hh"),
  spr(307, "HDAR", "hh"),
  spr(308, "SPURR", "sh"),
  spr(309, "PURR", "sh"),
  spr(310, "HDEC", "hh"),
  spr(313, "HRMOR", "hh"),
  spr(314, "HSRR0", "hh"),
  spr(315, "HSRR1", "hh"),
  spr(318, "LPCR", "hh"),
  spr(319, "LPIDR", "hh"),
  spr(336, "HMER", "hh"),
  spr(337, "HMEER", "hh"),
  spr(338, "PCR", "hh"),
  spr(339, "HEIR", "hh"),
  spr(349, "AMOR", "hh"),
  spr(446, "TIR", "s-"),
  spr(464, "PTCR", "hh", { since: "power9" }),
  spr(768, "SIER", "p-"),
  spr(769, "MMCR2", "pp"),
  spr(770, "MMCRA", "pp"),
  spr(771, "PMC1", "pp"),
  spr(772, "PMC2", "pp"),
  spr(773, "PMC3", "pp"),
  spr(774, "PMC4", "pp"),
  spr(775, "PMC5", "pp"),
  spr(776, "PMC6", "pp"),
  spr(779, "MMCR0", "pp"),
  spr(780, "SIAR", "p-"),
  spr(781, "SDAR", "p-"),
  spr(782, "MMCR1", "p-"),
  spr(784, "SIER", "ss"),
  spr(785, "MMCR2", "ss"),
  spr(786, "MMCRA", "ss"),
  spr(787, "PMC1", "ss"),
  spr(788, "PMC2", "ss"),
  spr(789, "PMC3", "ss"),
  spr(790, "PMC4", "ss"),
  spr(791, "PMC5", "ss"),
  spr(792, "PMC6", "ss"),
  spr(795, "MMCR0", "ss"),
  spr(796, "SIAR", "ss"),
  spr(797, "SDAR", "ss"),
  spr(798, "MMCR1", "ss"),
  spr(800, "BESCRS", "pp"),
  spr(801, "BESCRSU", "pp"),
  spr(802, "BESCRR", "pp"),
  spr(803, "BESCRRU", "pp"),
  spr(804, "EBBHR", "pp"),
  spr(805, "EBBRR", "pp"),
  spr(806, "BESCR", "pp"),
  spr(815, "TAR", "pp"),
  spr(816, "ASDR", "hh", { since: "power9" }),
  spr(823, "PSSCR", "ss", { since: "power9" }),
  spr(848, "IC", "sh"),
  spr(849, "VTB", "sh"),
  spr(855, "PSSCR", "hh", { since: "power9" }),
  spr(896, "PPR", "pp"),
  spr(898, "PPR32", "pp"),
  // Of the implementation, not of the architecture: POWER8 and POWER9 have them at these numbers.
  spr(1008, "HID0", "hh"),
  spr(1009, "HID1", "hh"),
  spr(1012, "HID4", "hh"),
  spr(1014, "HID5", "hh"),
  spr(1023, "PIR", "s-"),
]);

/** The register with a number, on a processor; undefined where it has none. */
export function sprOf(number: number, cpu: CpuModel = "power10"): SprRow | undefined {
  return sprs.find((row) => row.number === number && existsOn(row, cpu));
}

/** The number of the first register with the manual's name, as mfspr uses it: `sprNumber("SRR0")`; undefined for an unknown one. */
export function sprNumber(name: string): number | undefined {
  return sprs.find((row) => row.name === name.toUpperCase())?.number;
}
