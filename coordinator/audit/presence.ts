// Whether lines or blocks stand in an output, or do not.
import { type Block, blockAt, indentOf, isComment } from './blocks.js';
import { fill } from './fieldtext.js';
import { few, NO_LINE, type Outcome, patternFor, type Sight, type Sphere, shown } from './outcome.js';
import type { Wanted } from './policy.js';
import { findLine, numberOf, type Region } from './region.js';

/** One thing that is looked for: in words, and where it stands from a place on, or -1. */
interface Sought {
  words: string;
  find(region: Region, from: number): number;
}

export function checkPresent(wanted: Wanted, region: Region, sphere: Sphere): Outcome {
  if (wanted.kind === 'block') return presentBlock(wanted, region, sphere);
  const sought = soughtOf(wanted, sphere);
  const sights: Sight[] = [];
  let from = 0;
  for (const { words, find } of sought) {
    const place = find(region, wanted.ordered ? from : 0);
    if (place >= 0) from = place + 1;
    const late = place < 0 && wanted.ordered && find(region, 0) >= 0;
    sights.push(sightOf(region, place, `a line ${words}`, sphere, late ? 'it stands further up' : null));
  }
  const missing = sights.filter(({ line }) => line === null);
  if (wanted.every && missing.length > 0) return { status: 'fail', sights: few(missing) };
  const seen = sights.filter(({ line }) => line !== null);
  if (wanted.every || seen.length > 0) return { status: 'pass', sights: few(seen) };
  const any = `a line ${sought.map(({ words }) => words).join(', or ')}`;
  return { status: 'fail', sights: [{ line: null, expected: any, found: NO_LINE, message: null }] };
}

export function checkAbsent(wanted: Wanted, region: Region, sphere: Sphere): Outcome {
  if (wanted.kind === 'block') return absentBlock(wanted, region, sphere);
  const sights: Sight[] = [];
  const sought = soughtOf(wanted, sphere);
  for (const { words, find } of sought)
    for (let place = find(region, 0); place >= 0; place = find(region, place + 1))
      sights.push(sightOf(region, place, `no line ${words}`, sphere, null));
  if (sights.length > 0) return { status: 'fail', sights: few(sights) };
  const expected = `no line ${sought.map(({ words }) => words).join(', none ')}`;
  return { status: 'pass', sights: [{ line: null, expected, found: NO_LINE, message: null }] };
}

function soughtOf(wanted: Exclude<Wanted, { kind: 'block' }>, { fields }: Sphere): Sought[] {
  if (wanted.kind === 'patterns')
    return wanted.patterns.map((text) => {
      const pattern = patternFor(text, fields);
      return { words: `that matches ${text}`, find: (region, from) => findLine(region, pattern, from) };
    });
  return wanted.lines.map((text) => {
    const line = fill(text, fields);
    return { words: `"${text}"`, find: (region, from) => findSame(region, line, from) };
  });
}

function findSame({ lines }: Region, line: string, from: number): number {
  for (let place = from; place < lines.length; place++)
    if (lines[place]?.includes(line) && lines[place]?.trim() === line) return place;
  return -1;
}

function sightOf(
  region: Region,
  place: number,
  expected: string,
  sphere: Sphere,
  message: string | null,
): Sight {
  if (place < 0) return { line: null, expected, found: NO_LINE, message };
  const found = shown(sphere.mask(region.lines[place] ?? ''));
  return { line: numberOf(region, place), expected, found, message };
}

type BlockWanted = Extract<Wanted, { kind: 'block' }>;

function presentBlock(wanted: BlockWanted, region: Region, sphere: Sphere): Outcome {
  const { head, lines } = partsOf(wanted, sphere);
  const blocks = blocksCalled(head, region);
  const expected = `the block "${head}" with ${lines.map((line) => `"${line.trim()}"`).join(', ')}`;
  if (blocks.length === 0)
    return { status: 'fail', sights: [{ line: null, expected, found: 'no such block', message: null }] };
  const wrongs = blocks.map((block) => wrongIn(block, lines, wanted, sphere));
  const right = blocks[wrongs.indexOf(null)];
  if (right !== undefined) {
    const found = shown(sphere.mask(right.head));
    return { status: 'pass', sights: [{ line: right.number, expected, found, message: null }] };
  }
  return {
    status: 'fail',
    sights: wrongs.flatMap((wrong) => wrong ?? []).map((wrong) => ({ ...wrong, expected })),
  };
}

function absentBlock(wanted: BlockWanted, region: Region, sphere: Sphere): Outcome {
  const { head, lines } = partsOf(wanted, sphere);
  const expected = `no block "${head}" with ${lines.map((line) => `"${line.trim()}"`).join(', ')}`;
  const found = blocksCalled(head, region).filter((block) => wrongIn(block, lines, wanted, sphere) === null);
  if (found.length === 0)
    return { status: 'pass', sights: [{ line: null, expected, found: 'no such block', message: null }] };
  const sights = found.map((block) => ({
    line: block.number,
    expected,
    found: shown(block.head),
    message: null,
  }));
  return { status: 'fail', sights: few(sights) };
}

/** Blocks with just this head, at any depth. */
function blocksCalled(head: string, region: Region): Block[] {
  const blocks: Block[] = [];
  for (let place = findSame(region, head, 0); place >= 0; place = findSame(region, head, place + 1))
    blocks.push(blockAt(region, place));
  return blocks;
}

/** What a block lacks, or has too much; null: it is as wanted. */
function wrongIn(
  block: Block,
  wanted: readonly string[],
  { ordered, exact }: BlockWanted,
  sphere: Sphere,
): Sight | null {
  const lines = block.region.lines.map((line) => line.trimEnd());
  const sight = (line: number, found: string): Sight => ({
    line,
    expected: '',
    found,
    message: `in "${shown(sphere.mask(block.head))}"`,
  });
  let from = 0;
  for (const line of wanted) {
    const place = lines.indexOf(line, ordered ? from : 0);
    if (place < 0) {
      const late = ordered && lines.includes(line);
      return sight(block.number, `${late ? 'in another order' : 'no'} "${line.trim()}"`);
    }
    from = place + 1;
  }
  const other = exact ? lines.findIndex((line) => !wanted.includes(line)) : -1;
  return other < 0
    ? null
    : sight(numberOf(block.region, other), `also "${shown(sphere.mask(lines[other] ?? ''))}"`);
}

/** The lines below the head without their common indentation, as a block's are. */
function partsOf({ text }: BlockWanted, { fields }: Sphere): { head: string; lines: string[] } {
  const [head = '', ...rest] = fill(text, fields)
    .split('\n')
    .filter((line) => !isComment(line));
  const indent = indentOf(rest[0] ?? '');
  return {
    head: head.trim(),
    lines: rest.map((line) => line.slice(Math.min(indent, indentOf(line))).trimEnd()),
  };
}
