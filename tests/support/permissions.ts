/**
 * What Deno must allow, found by taking each away once. `tests/tools/permissions.test.ts` and the README
 * lean on the first list, `tests/run.ts` on the second.
 */

/**
 * For a program that uses the library; instead of 127.0.0.1 the host of its database.
 *
 * - `PG*`: the driver looks at many of these when it starts, even though the layer gives it everything.
 * - `LOG_STREAM`, `LOG_TOKENS`: the parser of YAML looks at them. Not needed where no YAML file is read.
 * - Reading: the folder of the YAML files. With `connect({ url })` it is not needed. The folder of
 *   key files, where keys stand in files and credentials are used.
 */
export const LIBRARY_PERMISSIONS: readonly string[] = [
  "--allow-net=127.0.0.1",
  "--allow-env=DATABASE_URL,NETRAVEN_*,PG*,LOG_STREAM,LOG_TOKENS",
  "--allow-read=config/environments,.data/keys",
];

/** For the tests: the library's, and what the tests themselves do. No program may be started. */
export function testPermissions(
  places: { project: string; shared: string; tmp: string },
): string[] {
  return [
    // 0.0.0.0 reaches this machine, too, and counts for an address of elsewhere.
    "--allow-net=127.0.0.1,localhost,[::1],0.0.0.0",
    "--allow-env=" + [
      "DATABASE_URL,NETRAVEN_*,PG*,LOG_STREAM,LOG_TOKENS",
      // The tests' own, uvu's colours and the folder for temporary files.
      "TEST_*,NO_COLOR,FORCE_COLOR,NODE_DISABLE_COLORS,TERM,TMPDIR,TMP,TEMP",
      // OpenTelemetry's kit looks at these.
      "OTEL_*",
    ].join(","),
    `--allow-read=${places.project},${places.shared},${places.tmp}`,
    `--allow-write=${places.tmp}`,
  ];
}
