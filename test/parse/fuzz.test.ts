// Templates and texts made at random: whatever they are, there is an answer, rows or words, and nothing else happens.
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Parser } from '../../coordinator/parse/parser.ts';
import { Pattern } from '../../coordinator/parse/pattern.ts';
import { PatternError } from '../../coordinator/parse/patterntree.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const TEMPLATES = Number(process.env.TEMPLATES ?? 300);
const PATTERNS = Number(process.env.PATTERNS ?? 5_000);

/** Mulberry32. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

class Chance {
  readonly #below: (below: number) => number;

  constructor(seed: number) {
    this.#below = random(seed);
  }

  pick<T>(from: ArrayLike<T>): T {
    return from[this.#below(from.length)] as T; // of those that there are
  }

  times<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.#below(most + 1) }, make);
  }

  one(of: number): boolean {
    return this.#below(of) === 0;
  }
}

const ATOMS =
  'a b 1 . \\d \\w \\s+ \\S+ .* (?: ( ) [ab] [^a] [ ] { } | ^ $$ \\b \\ (?=a) (?!b) (?P<x>a) (?P=x) (?i) é'.split(
    ' ',
  );
const REPEATS = ['', '', '', '*', '+', '?', '{2}', '{1,3}', '{,2}', '+?', '++', '**'];
const OPTIONS = ['', '', 'Filldown ', 'Fillup ', 'List ', 'Required ', 'List,Filldown ', 'Key ', 'Nonsense '];
const ACTIONS =
  '|||-> Record|-> Continue|-> Continue.Record|-> Next.Clear|-> Clearall|-> Error|-> Error "x"|-> Other|-> End|-> EOF|-> Nowhere|->|-> Record Other'.split(
    '|',
  );
const CHARACTERS = [...'aab1 .([é\t\r\n\n\u2028\0'];

function patternBy(chance: Chance): string {
  return chance.times(8, () => chance.pick(ATOMS) + chance.pick(REPEATS)).join('');
}

function templateBy(chance: Chance): string {
  const values = [...'ABC'].map((name) => `Value ${chance.pick(OPTIONS)}${name} (${patternBy(chance)})\n`);
  const rule = () =>
    `  ^${patternBy(chance)}\${${chance.pick('ABCD')}}${patternBy(chance)} ${chance.pick(ACTIONS)}\n`;
  const states = ['Start', 'Other'].map((name) => `\n${name}\n${chance.times(4, rule).join('')}`);
  const whole = [...values, ...states].join('');
  return chance.one(4) ? whole.replace(chance.pick(whole), chance.pick(CHARACTERS)) : whole;
}

const textBy = (chance: Chance) => chance.times(200, () => chance.pick(CHARACTERS)).join('');

test(`a random template on a random text gives rows or words (SEED=${SEED})`, async () => {
  const chance = new Chance(SEED);
  const directory = mkdtempSync(join(tmpdir(), 'netsweep-fuzz-'));
  await using parser = Parser.open(2);
  const asked = Array.from({ length: TEMPLATES }, (_, number) => {
    const file = join(directory, `${number}.textfsm`);
    writeFileSync(file, templateBy(chance));
    return parser.parse({ templates: { file }, text: textBy(chance) });
  });
  const kinds = new Set<string>();
  for (const answer of await Promise.all(asked)) {
    kinds.add(answer.ok ? 'rows' : answer.why);
    if (answer.ok) expect(Array.isArray(JSON.parse(answer.rows))).toBe(true);
    else expect(answer.message).not.toBe('');
  }
  expect(kinds).toContain('broken-template');
  rmSync(directory, { recursive: true });
});

test(`a random pattern is refused with a place in it, or can be matched (SEED=${SEED})`, () => {
  const chance = new Chance(SEED);
  let made = 0;
  for (let number = 0; number < PATTERNS; number++) {
    const text = patternBy(chance).replaceAll('$$', '$');
    try {
      new Pattern(text).match(textBy(chance).slice(0, 12));
      made++;
    } catch (error) {
      if (!(error instanceof PatternError))
        throw new Error(`${JSON.stringify(text)} broke`, { cause: error });
      expect(error.offset).toBeLessThanOrEqual(text.length);
    }
  }
  expect(made).toBeGreaterThan(PATTERNS / 10);
});
