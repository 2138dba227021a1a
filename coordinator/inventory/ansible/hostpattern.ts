// A host as Ansible's inventories write it, `core[01:20:2].ams:2222`, to the names that it stands for. Pure.
// What is a host with a port is judged as Ansible judges it: everything else is a name, colons and all.
import { quote } from '../wording.js';

export interface Hosts {
  names: string[];
  port: number | null;
}

const NUMBERS = String.raw`\[[0-9]+:[0-9]+(?::[0-9]+)?\]`;
const HEXADECIMAL = String.raw`\[[0-9a-f]+:[0-9a-f]+(?::[0-9]+)?\]`;
const LETTERS_OR_NUMBERS = String.raw`\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]`;

const LABEL = `(?:[\\p{L}\\p{N}_]|${LETTERS_OR_NUMBERS})(?:[\\p{L}\\p{N}_-]|${LETTERS_OR_NUMBERS})*(?<![_-])`;
const HOSTNAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`, 'iu');
const OCTET = `(?:[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5]|${NUMBERS})`;
const IPV4 = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}$`, 'i');
const WORD = `(?:[0-9a-f]{1,4}|${HEXADECIMAL})`;
/** From `::` to eight words, as Ansible spells the combinations out. */
const IPV6 = new RegExp(
  `^(?:${[
    `(?:${WORD}:){7}${WORD}`,
    `(?:${WORD}:){1,6}:`,
    ...[1, 2, 3, 4, 5, 6].map((before) => `(?:${WORD}:){${before}}(?::${WORD}){1,${7 - before}}`),
    `:(?::${WORD}){1,6}`,
    `${WORD}?::`,
    `(?:0:){6}(?:${WORD}\\.){3}${WORD}`,
    `::(?:ffff:)?(?:${WORD}\\.){3}${WORD}`,
    `(?:0:){5}ffff:(?:${WORD}\\.){3}${WORD}`,
  ].join('|')})$`,
  'i',
);

const ASCII_LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** A range of a typing mistake would fill the memory. */
const MOST_NAMES = 100_000;

/** The names in order, or what is wrong. */
export function expandHosts(text: string): Hosts | string {
  if (text.includes(','))
    return `a host's name holds a comma (found ${quote(text)}, expected one host on each line)`;
  if (!text.includes(':') && !text.includes('[')) return { names: [text], port: null };
  const { host, port } = readAddress(text) ?? { host: text, port: null };
  const names = host.includes('[') ? expandRanges(host) : [host];
  if (typeof names === 'string') return names;
  if (port === null && text.trim().endsWith(':'))
    return `a host cannot end in a colon (found ${quote(text)}, expected HOST or HOST:PORT)`;
  return { names, port };
}

/** A host, perhaps with ranges, and its port; null: it is neither an address nor a host's name. */
export function readAddress(text: string): { host: string; port: number | null } | null {
  const bracketed = /^\[(.+)\]:([0-9]+)$/.exec(text);
  const [, inside = text] = bracketed ?? [];
  const plain = /^((?:[^:[\]]|\[[^\]]*\])*):([0-9]+)$/.exec(inside);
  const [, host = inside] = plain ?? [];
  const digits = plain?.[2] ?? bracketed?.[2];
  if (!IPV4.test(host) && !IPV6.test(host) && !HOSTNAME.test(host)) return null;
  return { host, port: digits === undefined ? null : Number(digits) };
}

function expandRanges(text: string): string[] | string {
  const [, head = '', range, tail = ''] = /^([^[]*)\[([^\]]*)\](.*)$/.exec(text) ?? [];
  if (range === undefined) return `a range has no closing bracket (found ${quote(text)})`;
  const steps = stepsOf(range);
  if (typeof steps === 'string') return steps;
  const rests = tail.includes('[') ? expandRanges(tail) : [tail];
  if (typeof rests === 'string') return rests;
  if (steps.length * rests.length > MOST_NAMES) return tooMany(text);
  return steps.flatMap((step) => rests.map((rest) => `${head}${step}${rest}`));
}

function stepsOf(range: string): string[] | string {
  const refuse = (expected: string) =>
    `a range cannot be read (found ${quote(`[${range}]`)}, expected ${expected})`;
  const bounds = range.split(':');
  if (bounds.length < 2 || bounds.length > 3)
    return refuse('[FIRST:LAST] or [FIRST:LAST:STEP], as [01:20:2]');
  const [from = '', to = '', by = '1'] = bounds;
  if (to === '') return refuse('a last number or letter');
  const first = from === '' ? '0' : from;
  const step = Number(by);
  if (!/^[0-9]+$/.test(by) || step === 0) return refuse('a step of 1 or more');
  const padded = first.startsWith('0') && first.length > 1;
  if (padded && first.length !== to.length)
    return refuse('both ends of the same length where the first is padded');
  const width = padded ? first.length : 0;
  const letters = lettersOf(first, to, step);
  if (letters !== null) return letters.length === 0 ? refuse('the first letter before the last') : letters;
  if (!/^[0-9]+$/.test(first) || !/^[0-9]+$/.test(to)) return refuse('two numbers or two letters');
  if (Number(first) > Number(to)) return refuse('the first number before the last');
  if ((Number(to) - Number(first)) / step > MOST_NAMES) return tooMany(`[${range}]`);
  const steps: string[] = [];
  for (let at = Number(first); at <= Number(to); at += step) steps.push(String(at).padStart(width, '0'));
  return steps;
}

/** Null: these are no letters. */
function lettersOf(first: string, last: string, step: number): string[] | null {
  const from = first === '' ? -1 : ASCII_LETTERS.indexOf(first);
  const to = ASCII_LETTERS.indexOf(last);
  if (from === -1 || to === -1) return null;
  return Array.from(ASCII_LETTERS.slice(from, to + 1)).filter((_, at) => at % step === 0);
}

function tooMany(text: string): string {
  return `a range stands for too many hosts (found ${quote(text)}, expected at most ${MOST_NAMES})`;
}
