// `netsweep parse`: an output from a file as rows, to try a template; or many outputs, one a line, as they come.
import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Platforms } from '../../proto/platform.js';
import type { Values } from '../config.js';
import { quote } from '../inventory/wording.js';
import { inOrder } from '../limited/inorder.js';
import { Parser } from '../parse/parser.js';
import type { Parsed, ParseTask } from '../parse/parsing.js';
import type { Call } from './command.js';
import { Ended, EXIT, type ExitCode, UsageError } from './exit.js';
import { openPlatforms } from './platforms.js';
import type { PARSE } from './settings.js';
import { Sink } from './sink.js';
import { parserThreads, templatesDirectory } from './templates.js';
import { painter } from './terminal.js';

type ParseValues = Values<typeof PARSE>;
type From = ParseTask['templates'];

/** A line of a batch holds a whole output. */
const MOST_LINE = 64_000_000;
const QUOTED = 100;

export async function parseOutput({ args, values, stop }: Call<typeof PARSE>): Promise<ExitCode> {
  const [file = '-'] = args;
  const templates = chooser(values);
  await using parser = await Parser.open(values.batch ? parserThreads(1) : 1);
  stop.addEventListener('abort', () => parser.abandon(), { once: true });
  const sink = openSink();
  const code = values.batch
    ? await parseBatch(piecesOf(file, stop), { parser, sink, templates })
    : await parseOne(piecesOf(file, stop), {
        parser,
        sink,
        templates: templates(values.platform, values.command),
      });
  await sink.end();
  return code;
}

type Chooser = (platform: string | null, command: string | null) => From;

/** What is wrong with the options is said before anything is read. */
function chooser({ batch, template, platform, command, templates, platforms }: ParseValues): Chooser {
  if (template !== null && templates !== null)
    throw new UsageError('--template and --templates exclude each other');
  if (batch && (platform !== null || command !== null))
    throw new UsageError('--batch takes platform and command from its lines');
  if (template !== null) return () => ({ file: template });
  if (!batch && (platform === null || command === null))
    throw new UsageError('--platform and --command say which template; or name one with --template');
  const directory = templatesDirectory(templates);
  const names = namesIn(openPlatforms({ platforms }));
  return (asked, typed) => ({
    directory,
    question: { platforms: names(asked ?? ''), command: typed ?? '', hostname: null },
  });
}

/** The index may know a platform by another name than ours, or only what ours extends. */
export function namesIn(platforms: Platforms): (platform: string) => string[] {
  const known = new Map<string, string[]>();
  return (platform) => {
    let names = known.get(platform);
    if (names === undefined) {
      names = [...new Set([platform, ...platforms.namesOf(platform)])];
      known.set(platform, names);
    }
    return names;
  };
}

async function parseOne(
  pieces: AsyncIterable<string>,
  { parser, sink, templates }: { parser: Parser; sink: Sink; templates: From },
): Promise<ExitCode> {
  let text = '';
  for await (const piece of pieces) text += piece;
  const parsed = await parser.parse({ templates, text });
  if (!parsed.ok) throw new Ended(EXIT.usage, parsed.message);
  const rows = JSON.parse(parsed.rows) as unknown[];
  await sink.write(`${JSON.stringify(rows, null, 2)}\n`);
  return EXIT.ok;
}

interface Case {
  id: unknown;
  platform: string;
  command: string;
  raw: string;
}

/** In the order of the lines, each as soon as all before it are there. */
async function parseBatch(
  pieces: AsyncIterable<string>,
  { parser, sink, templates }: { parser: Parser; sink: Sink; templates: Chooser },
): Promise<ExitCode> {
  let failed = false;
  const answers = inOrder(linesOf(pieces), parser.width, async ({ text, number }) => {
    const one = caseIn(text);
    if (typeof one === 'string') return { id: null, parsed: refused(`line ${number}: ${one}`) };
    const { id, platform, command, raw } = one;
    return { id, parsed: await parser.parse({ templates: templates(platform, command), text: raw }) };
  });
  for await (const { id, parsed } of answers) {
    failed ||= !parsed.ok;
    const records = parsed.ok ? parsed.rows : 'null';
    const error = JSON.stringify(parsed.ok ? null : parsed.message);
    await sink.write(`{"id":${JSON.stringify(id)},"records":${records},"error":${error}}\n`);
    await sink.flush();
  }
  return failed ? EXIT.failures : EXIT.ok;
}

function refused(message: string): Parsed {
  return { ok: false, why: 'no-match', message };
}

/** A text says what is wrong with the line. */
function caseIn(text: string): Case | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `found ${quote(text.slice(0, QUOTED))}, expected an object in JSON`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'expected an object';
  const { id = null, platform, command, raw } = value as Partial<Record<keyof Case, unknown>>;
  for (const [key, text] of Object.entries({ platform, command, raw }))
    if (typeof text !== 'string') return `${key}: expected a text`;
  return { id, platform, command, raw } as Case; // looked at above
}

async function* piecesOf(file: string, stop: AbortSignal): AsyncGenerator<string> {
  const stream = file === '-' ? process.stdin : createReadStream(file);
  const leave = () => stream.destroy(new Ended(EXIT.interrupted, ''));
  stop.addEventListener('abort', leave, { once: true });
  const decoder = new StringDecoder('utf8');
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield decoder.write(chunk);
    yield decoder.end();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new UsageError(`${file} can't be read: ${error.message.replace(/^\w+: (.*?),.*$/s, '$1')}`);
  } finally {
    stop.removeEventListener('abort', leave);
  }
}

async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<{ text: string; number: number }> {
  let begun: string[] = [];
  let length = 0;
  let number = 0;
  for await (const piece of pieces) {
    const [first = '', ...others] = piece.split('\n');
    begun.push(first);
    length += first.length;
    for (const next of others) {
      number++;
      const text = begun.join('');
      if (text.trim() !== '') yield { text, number };
      begun = [next];
      length = next.length;
    }
    if (length > MOST_LINE) throw new UsageError(`line ${number + 1} has more than ${MOST_LINE} characters`);
  }
  const text = begun.join('');
  if (text.trim() !== '') yield { text, number: number + 1 };
}

function openSink(): Sink {
  return new Sink({
    stream: process.stdout,
    isTerminal: process.stdout.isTTY === true,
    paint: painter(false, true, process.env),
    beforeWrite: () => {},
  });
}
