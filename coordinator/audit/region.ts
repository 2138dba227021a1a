// Lines of an output, all of them or those of one block, each with its number in the output.

export interface Region {
  lines: readonly string[];
  /** Of each line, from 1; null: they are counted through. */
  numbers: readonly number[] | null;
}

export function regionOf(text: string): Region {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return { lines, numbers: null };
}

export function numberOf({ numbers }: Region, place: number): number {
  return numbers === null ? place + 1 : (numbers[place] ?? 0);
}

/** The first place from `from` on whose line matches; -1: none. */
export function findLine({ lines }: Region, pattern: RegExp, from = 0): number {
  for (let place = from; place < lines.length; place++) if (pattern.test(lines[place] ?? '')) return place;
  return -1;
}

/** Without the lines that any of the patterns matches, and without blank ones. */
export function withoutLines(region: Region, patterns: readonly RegExp[]): Region {
  const places = Array.from(region.lines.keys()).filter((place) => {
    const line = region.lines[place] ?? '';
    return line.trim() !== '' && !patterns.some((pattern) => pattern.test(line));
  });
  return {
    lines: places.map((place) => (region.lines[place] ?? '').trimEnd()),
    numbers: places.map((place) => numberOf(region, place)),
  };
}
