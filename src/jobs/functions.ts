/** The functions that `mod.ts` loads. */
export { scheduleChange, scheduleCreate, scheduleRunDue } from "./schedule.ts";
