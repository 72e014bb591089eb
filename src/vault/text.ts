/** Texts that PostgreSQL can store. */

/** @returns The reason why PostgreSQL cannot store the text; undefined if it can. */
export function textProblem(value: string): string | undefined {
  if (value.includes("\0")) return "holds a NUL character, which PostgreSQL cannot store";
  if (!value.isWellFormed()) return "holds a lone surrogate, which is not valid Unicode";
  return undefined;
}
