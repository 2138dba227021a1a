// The blocks of a configuration: a head, and below it the lines that belong to it, by indentation or by braces. Lines
// of a block are given without the block's own indentation, so that a pattern's ^ means their start.
import { numberOf, type Region } from './region.js';

export interface Block {
  head: string;
  /** Of the head in the output. */
  number: number;
  region: Region;
}

/** Blocks at any depth whose head, as it stands, matches. */
export function blocksIn(region: Region, pattern: RegExp): Block[] {
  const braces = hasBraces(region);
  const blocks: Block[] = [];
  const { lines } = region;
  for (let place = 0; place < lines.length; place++) {
    const line = lines[place] ?? '';
    const head = braces ? headInBraces(line) : line;
    if (head !== null && pattern.test(head)) {
      const places = braces ? placesInBraces(lines, place) : placesBelow(lines, place);
      blocks.push({
        head: head.trim(),
        number: numberOf(region, place),
        region: inner(region, places, braces),
      });
    }
  }
  return blocks;
}

/** The block whose head stands at a place, by indentation. */
export function blockAt(region: Region, place: number): Block {
  const places = placesBelow(region.lines, place);
  return {
    head: (region.lines[place] ?? '').trim(),
    number: numberOf(region, place),
    region: inner(region, places, false),
  };
}

export function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** Whether a line says nothing: it neither belongs to a block nor ends one. */
export function isComment(line: string): boolean {
  const start = line.trimStart();
  return start === '' || start.startsWith('!');
}

/** A configuration in braces begins with a head or a statement of its kind, and closes what it opens. */
function hasBraces({ lines }: Region): boolean {
  const first = lines.find((line) => line.trim() !== '' && !/^\s*(#|\/\*)/.test(line));
  if (first === undefined || !/[{;]\s*(##.*)?$/.test(first)) return false;
  return (
    lines.some((line) => /\{\s*$/.test(line)) || lines.every((line) => line.trim() === '' || /;/.test(line))
  );
}

function headInBraces(line: string): string | null {
  return /\{\s*$/.test(line) ? line.replace(/\s*\{\s*$/, '') : null;
}

function placesInBraces(lines: readonly string[], head: number): number[] {
  const places: number[] = [];
  let depth = 1;
  for (let place = head + 1; place < lines.length; place++) {
    const line = (lines[place] ?? '').trim();
    if (/^\}/.test(line)) depth--;
    if (depth === 0) break;
    if (line !== '') places.push(place);
    if (/\{$/.test(line)) depth++;
  }
  return places;
}

function placesBelow(lines: readonly string[], head: number): number[] {
  const indent = indentOf(lines[head] ?? '');
  const places: number[] = [];
  for (let place = head + 1; place < lines.length; place++) {
    const line = lines[place] ?? '';
    if (isComment(line)) continue;
    if (indentOf(line) <= indent) break;
    places.push(place);
  }
  return places;
}

/** In braces, inner blocks keep theirs, so that they can be looked into. */
function inner(region: Region, places: readonly number[], braces: boolean): Region {
  const indent = indentOf(region.lines[places[0] ?? -1] ?? '');
  return {
    lines: places.map((place) => {
      const line = region.lines[place] ?? '';
      const bare = line.slice(Math.min(indent, indentOf(line)));
      return braces ? bare.trimEnd() : bare;
    }),
    numbers: places.map((place) => numberOf(region, place)),
  };
}
