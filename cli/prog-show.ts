// `farcall prog show`: the properties of a loaded program, in bpftool's form.
import type { Printed } from "./prog.ts";
import type { Session } from "./session.ts";

/** struct bpf_prog without its instructions, in bytes as on Debian's ppc64el 6.1. */
const PROG_HEADER = 72;
/** BPF_OBJ_NAME_LEN without the terminating zero. */
const NAME_LENGTH = 15;

export function showProgram(session: Session): Printed {
  const { program, kernel } = session;
  const xlated = program.loaded.xlated.insns.length * 8;
  const jited = program.jitedBytes;
  const memlock = Math.ceil((PROG_HEADER + xlated) / kernel.pages.pageBytes) * kernel.pages.pageBytes;
  const mapIds = program.maps.map((map) => map.id);
  const gpl = /^(GPL|GPL v2|GPL and additional rights|Dual BSD\/GPL|Dual MIT\/GPL|Dual MPL\/GPL)$/.test(
    program.loaded.linked.license,
  );
  const name = program.name.slice(0, NAME_LENGTH);
  const loadedAt = new Date();
  const lines = [
    `${program.loaded.id}: ${program.type}  name ${name}  tag ${program.tag}${gpl ? "  gpl" : ""}`,
    `\tloaded_at ${loadedAt.toISOString().slice(0, 19)}+0000  uid 0`,
    `\txlated ${xlated}B  ${jited > 0 ? `jited ${jited}B` : "not jited"}  memlock ${memlock}B${mapIds.length > 0 ? `  map_ids ${mapIds.join(",")}` : ""}`,
  ];
  const json = {
    id: program.loaded.id,
    type: program.type,
    name,
    tag: program.tag,
    gpl_compatible: gpl,
    loaded_at: Math.floor(loadedAt.getTime() / 1000),
    uid: 0,
    bytes_xlated: xlated,
    jited: jited > 0,
    ...(jited > 0 ? { bytes_jited: jited } : {}),
    bytes_memlock: memlock,
    ...(mapIds.length > 0 ? { map_ids: mapIds } : {}),
  };
  return { lines, json };
}
