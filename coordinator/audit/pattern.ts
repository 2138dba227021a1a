// Patterns as people write them in policies: regular expressions, tried on one line after the other. `(?i)` in front
// ignores case; `{{ field }}` stands for a device's field, taken literally.

const IGNORE_CASE = /^\(\?i\)/;

export type Compiled = { pattern: RegExp } | { wrong: string };

/** A pattern without fields left in it. */
export function compile(text: string, flags = ''): Compiled {
  const ignoring = IGNORE_CASE.test(text);
  try {
    return { pattern: new RegExp(text.replace(IGNORE_CASE, ''), `${flags}${ignoring ? 'i' : ''}`) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { wrong: reason.replace(/^Invalid regular expression: .*: /s, '') };
  }
}

/** Capture groups of a pattern that compiles. */
export function groupsIn({ source, flags }: RegExp): number {
  return (new RegExp(`${source}|`, flags.replace(/[gy]/g, '')).exec('')?.length ?? 1) - 1;
}

/** What a pattern of another language is called here, in words; null: nothing that is known. */
export function foreign(text: string): string | null {
  if (text.includes('(?P<')) return '(?<name>...) for a named group';
  if (/\(\?[a-z]+\)/.test(text.replace(IGNORE_CASE, ''))) return '(?i) at the very start, and no other flag';
  if (/\\A/.test(text)) return '^ for the start of a line';
  if (/\\[zZ]/.test(text)) return '$ for the end of a line';
  if (/[*+?}]\+/.test(text)) return 'no possessive + after a repetition';
  return null;
}
