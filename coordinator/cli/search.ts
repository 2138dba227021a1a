// `netsweep search`: lines of the last complete outputs of all devices, found by a text or a regular expression. Outputs
// stream past; a pattern that takes too long ends the search, not the program.

import type { Version } from '../../proto/gen/netsweep/v1/history.js';
import { Output } from '../../proto/gen/netsweep/v1/model.js';
import type { ReadOutput } from '../combine/result.js';
import { isoTime } from '../combine/result.js';
import { compile, type Found, type Sought } from '../history/find.js';
import { count } from '../inventory/wording.js';
import { inOrder } from '../limited/inorder.js';
import { bodyReader } from './body.js';
import type { Call } from './command.js';
import { Comparer } from './comparer.js';
import { Ended, EXIT, type ExitCode, UsageError } from './exit.js';
import { isDamaged } from './history.js';
import { openLink } from './link.js';
import { Screen } from './output.js';
import { NONE_OWN, openPlatforms } from './platforms.js';
import type { SEARCH } from './settings.js';
import type { Sink } from './sink.js';

type SearchCall = Call<typeof SEARCH>;

/** Larger outputs are searched in pieces of about this size, in characters. */
const PIECE = 1024 * 1024;
/** Matches that are shown of one output. */
const SHOWN_MOST = 10_000;

interface Hits {
  version: Version;
  found: Found;
  /** Why it could not be searched; empty: it was. */
  why: string;
}

export async function search({ args, values, stop }: SearchCall): Promise<ExitCode> {
  const sought = soughtBy(args[0] ?? '', values);
  const screen = new Screen({ noColor: values.noColor, progress: 'off', quiet: values.quiet });
  await using link = await openLink(values, stop);
  await using comparer = new Comparer(link, openPlatforms({ platforms: NONE_OWN }), stop);
  const read = bodyReader(link, stop);
  const { segment, platform, command, devices } = values;
  const newest = link.history.newest({
    ...{ segment: segment ?? '', platform: platform ?? '', command: command ?? '', devices: devices ?? '' },
    bodies: true,
  });
  let [outputs, matches] = [0, 0];
  const named = new Set<string>();
  const look = (version: Version) => lookInto(comparer, read, version, sought);
  for await (const hits of inOrder(newest as AsyncIterable<Version>, comparer.width, look)) {
    outputs += 1;
    matches += hits.found.matches;
    if (hits.why !== '') refuseSlow(hits, sought, screen);
    if (hits.found.matches === 0) continue;
    const isFirst = !named.has(hits.version.device);
    named.add(hits.version.device);
    if (!values.names) await print(screen.sink, hits, values.json);
    else if (isFirst && !values.json) await screen.sink.write(`${hits.version.device}\n`);
  }
  if (values.names && values.json) await screen.sink.write(`${JSON.stringify([...named])}\n`);
  await screen.sink.end();
  screen.progress.note(
    `${matches} ${matches === 1 ? 'match' : 'matches'} on ${count(named.size, 'device')}, searched the last ${count(outputs, 'output')}`,
  );
  return EXIT.ok;
}

/** A text, or a regular expression between slashes. */
export function soughtBy(
  text: string,
  { ignoreCase, context, names }: Pick<SearchCall['values'], 'ignoreCase' | 'context' | 'names'>,
): Sought {
  const [, expression] = /^\/(.*)\/$/s.exec(text) ?? [];
  const lines = { context: names ? 0 : context, most: names ? 1 : SHOWN_MOST };
  const sought = { pattern: expression ?? text, isRegex: expression !== undefined, ignoreCase, ...lines };
  try {
    compile(sought);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : error;
    throw new UsageError(`this is no regular expression: ${why}`);
  }
  return sought;
}

async function lookInto(
  comparer: Comparer,
  read: ReadOutput,
  version: Version,
  sought: Sought,
): Promise<Hits> {
  const nothing = { lines: [], matches: 0 };
  if (isDamaged(version)) return { version, found: nothing, why: 'its record is damaged in the store' };
  if (version.bytes <= PIECE) {
    const found = await comparer.find(version, sought);
    return typeof found === 'string' ? { version, found: nothing, why: found } : { version, found, why: '' };
  }
  const all: Found = { lines: [], matches: 0 };
  let line = 0;
  for await (const piece of inLines(read(Output.create(version)))) {
    const found = await comparer.find(piece, { ...sought, most: Math.max(0, sought.most - all.matches) });
    if (typeof found === 'string') return { version, found: all, why: found };
    all.lines.push(...found.lines.map((one) => ({ ...one, number: one.number + line })));
    all.matches += found.matches;
    line += piece.split('\n').length - 1;
  }
  return { version, found: all, why: '' };
}

/** Pieces that end where a line does, unless the line is longer than a piece. */
async function* inLines(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let kept = '';
  for await (const text of texts) {
    kept += text;
    while (kept.length >= PIECE) {
      const end = kept.lastIndexOf('\n', PIECE) + 1 || PIECE;
      yield kept.slice(0, end);
      kept = kept.slice(end);
    }
  }
  if (kept !== '') yield kept;
}

/** What can't be searched for the pattern's sake would not be found on other devices either. */
function refuseSlow({ version, why }: Hits, { pattern }: Sought, { progress }: Screen): void {
  const { device, command } = version;
  if (/^it (took longer|needed more)/.test(why))
    throw new Ended(EXIT.usage, `/${pattern}/ can't be used: on "${command}" of ${device} ${why}`);
  progress.say(`"${command}" of ${device} was not searched: ${why}`);
}

async function print(sink: Sink, { version, found }: Hits, json: boolean): Promise<void> {
  const { segment, device, command, lastMs, lastSweep } = version;
  let last = 0;
  for (const { number, text, isMatch } of found.lines) {
    if (json) {
      const about = { device, segment, command, line: number, text, match: isMatch };
      await sink.write(
        `${JSON.stringify({ ...about, seenAt: isoTime(lastMs), sweep: lastSweep || null })}\n`,
      );
      continue;
    }
    if (last > 0 && number > last + 1 && found.lines.some((line) => !line.isMatch)) await sink.write('--\n');
    last = number;
    const mark = isMatch ? ':' : '-';
    await sink.write(`${device}: ${command}${mark}${number}${mark} ${text}\n`);
  }
  if (!json && found.matches > SHOWN_MOST)
    await sink.write(`${device}: ${command}: ${found.matches - SHOWN_MOST} more\n`);
}
