// Makes a map of the kind its definition names.
import type { MapDefinition } from "../elf/types.ts";
import { BpfLoadError } from "../load-error.ts";
import { ArrayMap } from "./array.ts";
import { HashMap } from "./hash.ts";
import type { BpfMap, MapSurroundings } from "./map.ts";

/** @throws BpfLoadError EINVAL for kinds that are not there, and what the kind itself refuses. */
export function createMap(id: number, definition: MapDefinition, surroundings: MapSurroundings): BpfMap {
  switch (definition.type) {
    case "array":
      return new ArrayMap(id, definition, surroundings);
    case "hash":
      return new HashMap(id, definition, surroundings);
    default:
      throw new BpfLoadError(
        `map "${definition.name}": maps of type ${definition.type} are not supported (array and hash are)`,
      );
  }
}
