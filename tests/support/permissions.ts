/**
 * Necessary permissions of Deno; a test removes each of them once. `tests/tools/permissions.test.ts` and the
 * README use the first list, `tests/run.ts` the second.
 */

/**
 * For a program that uses the library; instead of 127.0.0.1 the host of its database.
 *
 * - `PG*`: the driver reads many of these at its start, although the layer overrides them.
 * - `LOG_STREAM`, `LOG_TOKENS`: the YAML parser reads them. Not needed without a YAML file.
 * - Reading: the folder of the YAML files, which `connect({ url })` does not need, and the folder of key
 *   files, if keys are in files and the program uses credentials.
 */
export const LIBRARY_PERMISSIONS: readonly string[] = [
  "--allow-net=127.0.0.1",
  "--allow-env=DATABASE_URL,NETRAVEN_*,PG*,LOG_STREAM,LOG_TOKENS",
  "--allow-read=config/environments,.data/keys",
];

/** For the tests: the library's permissions and the tests' own. They start no program. */
export function testPermissions(
  places: { project: string; shared: string; tmp: readonly string[] },
): string[] {
  return [
    // 0.0.0.0 reaches this machine, too, and counts as a remote address.
    "--allow-net=127.0.0.1,localhost,[::1],0.0.0.0",
    "--allow-env=" + [
      "DATABASE_URL,NETRAVEN_*,PG*,LOG_STREAM,LOG_TOKENS",
      // For the tests, for uvu's colours and for the folder of temporary files.
      "TEST_*,NO_COLOR,FORCE_COLOR,NODE_DISABLE_COLORS,TERM,TMPDIR,TMP,TEMP",
      // OpenTelemetry's SDK reads these.
      "OTEL_*",
    ].join(","),
    `--allow-read=${[places.project, places.shared, ...places.tmp].join(",")}`,
    `--allow-write=${places.tmp.join(",")}`,
  ];
}
