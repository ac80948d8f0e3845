// `farcall prog show`: the properties of a loaded program, in bpftool's form.
import { progTypes } from "../bpf/elf/object.ts";
import type { Printed } from "./prog.ts";
import type { ProgramView } from "./prog-view.ts";

export function showProgram({ info, fullName: name, memlockBytes, sinceBoot }: ProgramView): Printed {
  const { id, tag, gpl_compatible: gpl, created_by_uid: uid, map_ids, btf_id } = info;
  const [xlated, jited] = [info.xlated_prog_len, info.jited_prog_len];
  const type = progTypes[info.type];
  const loadedAt = new Date(Date.now() - (sinceBoot - info.load_time.toNumber()) / 1e6);
  const lines = [
    `${id}: ${type}  name ${name}  tag ${tag}${gpl ? "  gpl" : ""}`,
    `\tloaded_at ${loadedAt.toISOString().slice(0, 19)}+0000  uid ${uid}`,
    `\txlated ${xlated}B  ${jited > 0 ? `jited ${jited}B` : "not jited"}  memlock ${memlockBytes}B${map_ids.length > 0 ? `  map_ids ${map_ids.join(",")}` : ""}`,
    ...(btf_id > 0 ? [`\tbtf_id ${btf_id}`] : []),
  ];
  const json = {
    id,
    type,
    name,
    tag,
    gpl_compatible: gpl,
    loaded_at: Math.floor(loadedAt.getTime() / 1000),
    uid,
    bytes_xlated: xlated,
    jited: jited > 0,
    ...(jited > 0 ? { bytes_jited: jited } : {}),
    bytes_memlock: memlockBytes,
    ...(map_ids.length > 0 ? { map_ids } : {}),
    ...(btf_id > 0 ? { btf_id } : {}),
  };
  return { lines, json };
}
