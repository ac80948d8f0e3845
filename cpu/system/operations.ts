// All system operations in one table, by name.
import type { SystemOperation } from "../isa/machine.ts";
import { arithmetic } from "./arithmetic.ts";
import type { Operations } from "./context.ts";
import { control } from "./control.ts";
import { storageOperations } from "./storage.ts";
import { translation } from "./translation.ts";

/** Each is written here once; engines that compile leave compiled code and come here. */
export const systemOperations: Operations<SystemOperation> = Object.freeze({
  ...arithmetic,
  ...control,
  ...storageOperations,
  ...translation,
});
