/** The functions that `mod.ts` loads. */
export { tail } from "./tail.ts";
export { maintain } from "./retention.ts";
export { logsDelete } from "./delete.ts";
