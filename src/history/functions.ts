/** The public functions of this folder, which `mod.ts` loads at the first call. */
export { configSave, configSaveMany } from "./save.ts";
export { configDiff } from "./diff.ts";
export { configBlame } from "./blame.ts";
export { configRelease } from "./release.ts";
export { configDelete } from "./delete.ts";
export { configPrune, configPrunePolicy } from "./prune.ts";
export { configImport } from "./git/import.ts";
export { configExport } from "./git/export.ts";
