/** How Node is started for a program in TypeScript: these stand before its path. */
export const NODE_ARGS: readonly string[] = [
  "--enable-source-maps",
  "--import",
  new URL("register.mjs", import.meta.url).href,
];
