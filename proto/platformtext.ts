// Platform data as the YAML of a platform file, in the schema's order and the style of the files that ship:
// what `platforms show` prints and what is learnt from a device. Reading it back gives the same data.
import { FIELDS, type Platform } from './platform.js';

/** What a file may state: all of a platform, or what differs from the one it extends. */
export type Stated = Partial<Platform> & { extends?: string };

const ORDER: readonly (keyof Stated)[] = FIELDS.flatMap((field) =>
  field === 'aliases' ? [field, 'extends' as const] : [field],
);
/** Longer lists stand one item a line. */
const LINE = 110;

/** Empty lists are left out. `comments`: lines that stand above a field, or in its place. */
export function platformText(
  stated: Stated,
  comments: Partial<Record<keyof Stated, readonly string[]>> = {},
): string {
  const lines: string[] = [];
  for (const field of ORDER) {
    const value = stated[field];
    const isStated = value !== undefined && !isEmpty(value);
    for (const comment of comments[field] ?? [])
      lines.push(`# ${isStated ? '' : `${field}: `}${comment.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ')}`);
    if (isStated) lines.push(...fieldLines(field, value));
  }
  return `${lines.join('\n')}\n`;
}

function fieldLines(field: string, value: unknown): string[] {
  const line = `${field}: ${flow(value)}`;
  // Aliases are read by their line alone.
  if (!Array.isArray(value) || field === 'aliases' || line.length <= LINE) return [line];
  return [`${field}:`, ...value.map((item) => `  - ${flow(item)}`)];
}

/** A value on one line. */
function flow(value: unknown): string {
  if (typeof value === 'string') return scalar(value);
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  const fields = Object.entries(value as object).filter(([, inner]) => inner !== undefined);
  return `{ ${fields.map(([name, inner]) => `${name}: ${flow(inner)}`).join(', ')} }`;
}

/** Plain where nothing in it means anything to YAML, single quotes for patterns, double ones for control characters. */
function scalar(text: string): string {
  if (/^[A-Za-z][\w.\-/]*( [\w.\-/]+)*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text))
    return text;
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]/.test(text)) return JSON.stringify(text);
  return `'${text.replaceAll("'", "''")}'`;
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
