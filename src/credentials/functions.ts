/** The public functions of this folder, which `mod.ts` loads at the first call. */
export {
  credentialCreate,
  credentialGuard,
  credentialReveal,
  credentialSetPassword,
} from "./credentials.ts";
export { keysCheck, keysRetire, keysRotate, keysStatus } from "./key_rotation.ts";
export { keysGenerate } from "../vault/key_ring.ts";
