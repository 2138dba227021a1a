// What a check comes to on one output, and what it is told about the device while it looks.

import { type FieldValues, fill } from './fieldtext.js';
import { compile } from './pattern.js';

/** Evidence without its command, which is the rule's. */
export interface Sight {
  line: number | null;
  expected: string;
  found: string;
  message: string | null;
}

export interface Outcome {
  status: 'pass' | 'fail' | 'error' | 'not-applicable';
  sights: Sight[];
  /** Of what is compared with the other devices' later; the status is none before that. */
  sighting?: string;
}

/** What checks may know besides the output. */
export interface Sphere {
  platform: string;
  fields: FieldValues;
  /** A line, or a value by itself, as it may be shown. */
  mask(line: string): string;
  /** Lines that change by themselves. */
  volatile: readonly RegExp[];
  /** Of the output, as a template has it; `wrong`: why there are none. */
  rows(): { rows: readonly unknown[] } | { wrong: string };
  /** When the output last changed, Unix ms; null: nobody knows. */
  changedAtMs: number | null;
}

export const NO_LINE = 'no such line';
const MOST_SIGHTS = 20;
const MOST_SHOWN = 300;

export function error(message: string, expected = '', line: number | null = null): Outcome {
  return { status: 'error', sights: [{ line, expected, found: '', message }] };
}

/** A text in evidence: one line, bounded. */
export function shown(text: string): string {
  const line = text.trim().replace(/\s*\n\s*/g, ' | ');
  return line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}...` : line;
}

/** So many that people read them; the rest is counted. */
export function few(sights: Sight[], most = MOST_SIGHTS): Sight[] {
  if (sights.length <= most) return sights;
  const kept = sights.slice(0, most);
  const last = kept.at(-1);
  if (last !== undefined) {
    const more = `and ${sights.length - most} more`;
    kept[most - 1] = { ...last, message: last.message === null ? more : `${last.message}; ${more}` };
  }
  return kept;
}

const compiled = new Map<string, RegExp>();
const MOST_COMPILED = 5000;

/** A pattern of a policy, for this device. Throws FieldMissing. */
export function patternFor(text: string, fields: FieldValues, flags = ''): RegExp {
  const filled = fill(text, fields, true);
  const key = `${flags}/${filled}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const made = compile(filled, flags);
  if ('wrong' in made) throw new Error(`${text}: ${made.wrong}`);
  if (compiled.size >= MOST_COMPILED) compiled.clear();
  compiled.set(key, made.pattern);
  return made.pattern;
}
