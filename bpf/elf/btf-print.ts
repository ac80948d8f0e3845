// Prototypes of functions as bpftool prints them above their instructions.
import {
  KIND_ARRAY,
  KIND_CONST,
  KIND_ENUM,
  KIND_FLOAT,
  KIND_FUNC,
  KIND_FUNC_PROTO,
  KIND_FWD,
  KIND_INT,
  KIND_PTR,
  KIND_RESTRICT,
  KIND_STRUCT,
  KIND_TYPEDEF,
  KIND_UNION,
  KIND_VOLATILE,
  type Btf,
  type BtfType,
} from "./btf.ts";

const MAX_DEPTH = 16;

/** `int main_prog(struct xdp_md * ctx)`, or undefined where the type is no function. */
export function prototypeOf(btf: Btf, type: number): string | undefined {
  const f = btf.type(type);
  const proto = f?.kind === KIND_FUNC ? btf.type(f.sizeOrType) : undefined;
  return f === undefined || proto?.kind !== KIND_FUNC_PROTO ? undefined : signature(btf, proto, f.name, 0);
}

function signature(btf: Btf, proto: BtfType, name: string, depth: number): string {
  const parameters = proto.members.map((p) => {
    if (p.type === 0) return "...";
    const type = spell(btf, p.type, depth + 1);
    return p.name === "" ? type.trimEnd() : type + p.name;
  });
  return `${spell(btf, proto.sizeOrType, depth + 1)}${name}(${parameters.join(", ")})`;
}

/** A type with a space behind it. */
function spell(btf: Btf, type: number, depth: number): string {
  const t = btf.type(type);
  if (t === undefined || depth > MAX_DEPTH) return "void ";
  const inner = (): string => spell(btf, t.sizeOrType, depth + 1);
  switch (t.kind) {
    case KIND_INT:
    case KIND_TYPEDEF:
    case KIND_FLOAT:
      return `${t.name} `;
    case KIND_STRUCT:
      return `struct ${t.name === "" ? "(anon)" : t.name} `;
    case KIND_UNION:
      return `union ${t.name === "" ? "(anon)" : t.name} `;
    case KIND_ENUM:
      return `enum ${t.name} `;
    case KIND_FWD:
      return `${t.flag ? "union" : "struct"} ${t.name} `;
    case KIND_PTR:
      return `${inner()}* `;
    case KIND_VOLATILE:
      return `volatile ${inner()}`;
    case KIND_CONST:
      return `const ${inner()}`;
    case KIND_RESTRICT:
      return `restrict ${inner()}`;
    case KIND_ARRAY:
      return `${spell(btf, t.array?.type ?? 0, depth + 1)}[${t.array?.elements ?? 0}]`;
    case KIND_FUNC_PROTO:
      return signature(btf, t, "", depth);
    default:
      return inner();
  }
}
