/**
 * Lets Node run the project's TypeScript from what `compile.ts` made of it:
 *
 *     TEST_COMPILED=<folder> node --import ./tests/support/compiled/register.mjs <file>.ts
 */
import { register } from "node:module";

register("./hooks.mjs", import.meta.url);
