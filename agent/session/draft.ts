// From what was seen of a device's command line to the first version of a platform file; pure. What the nearest
// known platform says already is left to it, every field says what it was made from, and what a single session
// can't tell is marked "check".
import { platformText, type Stated } from '../../proto/platformtext.js';
import { parserError } from '../line/output.js';
import type { Rules } from '../line/platform.js';

/** What a learner has seen. */
export interface Seen {
  device: string;
  /** What the SSH server calls itself. */
  identification: string;
  /** The platform that fits, and by what; null: none does. */
  base: { rules: Rules; by: string } | null;
  /** Rules of a device of any kind: its reading verbs are as good as any. */
  generic: Rules;
  /** One after each empty line, the first the one after the login. */
  prompts: string[];
  /** Lines right above each prompt that were there every time. */
  above: string[];
  return: string;
  /** Typed characters came back. */
  echoes: boolean;
  /** The answer to a word that is no command, without blank lines. */
  refusal: string[];
  /** The longest reading command that was answered; null: none was. */
  reading: string | null;
  /** Last lines that waited for a key, with the key that went on. */
  pagers: { text: string; key: string }[];
  setup: { line: string; accepted: boolean }[];
  /** Paged before the setup, and not after it; null: could not be seen. */
  pagingOff: boolean | null;
  /** What closed the session; null: nothing that was tried. */
  exit: string | null;
  /** A question on the way out; empty: none. */
  farewell: string;
}

type Comments = Parameters<typeof platformText>[1];
type Part = (seen: Seen) => { stated?: Stated; comments?: NonNullable<Comments> };

/** The text of a platform file that is valid as it stands. */
export function draft(seen: Seen): string {
  // A shell has no pager and no setup of its own, and its commands run on channels of theirs.
  const isShell = seen.base?.rules.platform.mode === 'exec';
  const parts = (isShell ? PARTS.slice(0, 2) : PARTS).map((part) => part(seen));
  const stated = Object.assign({}, ...parts.map((part) => part.stated)) as Stated;
  const comments = Object.assign({}, ...parts.map((part) => part.comments)) as Comments;
  return platformText(stated, comments);
}

const PARTS: readonly Part[] = [head, promptPart, returnPart, setupPart, pagerPart, errorsPart, exitPart];

function head({ device, identification, base, generic, reading }: Seen) {
  const title = [`Learnt from one session; its SSH server calls itself ${JSON.stringify(identification)}.`];
  const stated = { title: `Learnt from ${device}` };
  if (base !== null) {
    const { name } = base.rules.platform;
    const why = `Fits ${name} (by ${base.by}): what is not stated here is as ${name} has it.`;
    return { stated: { ...stated, extends: name }, comments: { title, extends: [why] } };
  }
  const unknown = 'No known platform fits, so everything is stated.';
  return {
    stated: {
      ...stated,
      mode: 'shell' as const,
      default_commands: [reading ?? 'show running-config'],
      reads: generic.platform.reads,
    },
    comments: {
      title: [...title, unknown],
      default_commands: [
        reading === null
          ? 'check: no command that shows much was found'
          : 'check: the longest output that was found',
      ],
      reads: ['check: commands that begin with these words are sent without --allow-writes'],
    },
  };
}

function promptPart({ base, prompts, above }: Seen) {
  const shown = [...new Set(prompts)].map((prompt) => JSON.stringify(prompt)).join(', ');
  const pattern = promptPattern(prompts.at(-1) ?? '');
  const moving = movingPattern(prompts);
  const known = base !== null && prompts.every((prompt) => base.rules.prompt.test(prompt));
  const stated: Stated = known ? {} : { prompt: pattern };
  const comments: NonNullable<Comments> = {
    prompt: [
      `seen: ${shown}${known ? ', which fits' : '; check: other modes, as enable and configure have them'}`,
    ],
  };
  if (moving !== null && !base?.rules.moving) {
    stated.moving = moving;
    comments.moving = ['the prompts differed here'];
  }
  if (above.length > 0 && !above.every((line) => base?.rules.above?.test(line))) {
    stated.above = `^${above.map(linePattern).join('|')} *$`;
    comments.above = [`seen above every prompt: ${above.map((line) => JSON.stringify(line)).join(', ')}`];
  }
  return { stated, comments };
}

function returnPart({ base, return: end, echoes }: Seen) {
  const same = base !== null && base.rules.platform.return === end;
  const comment = echoes
    ? []
    : ['check: what was typed did not come back; outputs are then never proved whole'];
  return { stated: same ? {} : { return: end }, comments: { return: comment } };
}

function setupPart({ base, setup, pagingOff }: Seen) {
  const accepted = setup.filter((one) => one.accepted).map(({ line }) => line);
  const refused = setup.filter((one) => !one.accepted).map(({ line }) => line);
  const comment =
    pagingOff === true
      ? 'paging was on before and off after these'
      : pagingOff === false
        ? 'check: it still pages after these'
        : 'check: nothing was long enough to be paged';
  const lines = [
    accepted.length > 0 ? comment : 'check: nothing that was tried turns paging off; the pager is answered',
    ...(refused.length > 0 ? [`refused: ${refused.join(', ')}`] : []),
  ];
  const asBase = base !== null && refused.length === 0;
  return { stated: asBase || accepted.length === 0 ? {} : { setup: accepted }, comments: { setup: lines } };
}

function pagerPart({ base, pagers }: Seen) {
  const unknown = pagers.filter(({ text }) => !base?.rules.pager.some((one) => one.text.test(text)));
  const seen = [...new Set(pagers.map(({ text }) => JSON.stringify(text.trim())))].join(', ');
  const comments = { pager: [pagers.length === 0 ? 'no pager was seen' : `seen: ${seen}`] };
  if (unknown.length === 0) return { comments };
  const patterns = new Map(unknown.map(({ text, key }) => [pagerPattern(text), key]));
  const learnt = [...patterns].map(([text, key]) => ({ text, key }));
  return { stated: { pager: [...learnt, ...(base?.rules.platform.pager ?? [])] }, comments };
}

function errorsPart({ base, refusal }: Seen) {
  const text = refusal.join('\n');
  const line = refusal.find((one) => /[A-Za-z]{3}/.test(one));
  const comments = {
    errors: [line === undefined ? 'check: nonsense was not refused in words' : `seen: ${line.trim()}`],
  };
  if (line === undefined || (base !== null && parserError(base.rules, text) !== null)) return { comments };
  return { stated: { errors: [...(base?.rules.platform.errors ?? []), errorPattern(line)] }, comments };
}

function exitPart({ base, exit, farewell }: Seen) {
  const comment =
    exit === null ? 'check: none of exit, quit and logout closed the session' : 'closed the session';
  const same = base !== null && (exit === null || base.rules.platform.exit === exit);
  const asked = farewell === '' ? [] : [`check: on the way out it asked ${JSON.stringify(farewell)}`];
  return { stated: same ? {} : { exit: exit ?? 'exit' }, comments: { exit: [comment, ...asked] } };
}

/** Words of a prompt may be other words on another device, everything else stays; > and # stand for each other. */
export function promptPattern(prompt: string): string {
  const bare = prompt.trimEnd();
  const sign = /[>#]$/.test(bare) ? '[>#]' : literally(bare.slice(-1));
  const words = bare.slice(0, -1).replace(/[\w.\-/:]+|[^\w.\-/:]+/g, (part) => {
    if (/^[\w.\-/:]/.test(part)) return '[\\w.\\-/:]{1,100}';
    return literally(part);
  });
  const mode = /^[>#]$/.test(bare.slice(-1)) && !bare.includes('(') ? '(\\([^()\\r\\n]{1,60}\\))?' : '';
  return `^${words}${mode}${sign} ?$`;
}

/** What differs between prompts, when it is one number between the same texts; null: nothing does, or more. */
export function movingPattern(prompts: readonly string[]): string | null {
  const [first = '', ...others] = prompts.map((prompt) => prompt.trimEnd());
  const other = others.find((prompt) => prompt !== first);
  if (other === undefined) return null;
  const [parts, otherParts] = [first.split(/(\d+)/), other.split(/(\d+)/)];
  const isNumber = (place: number) => place % 2 === 1;
  const places = parts.flatMap((part, place) => (part === otherParts[place] ? [] : [place]));
  const [place = 0] = places;
  if (parts.length !== otherParts.length || places.length !== 1 || !isNumber(place)) return null;
  const before = parts[place - 1]?.at(-1);
  const after = parts[place + 1]?.[0];
  return [
    before === undefined ? '^' : `(?<=${literally(before)})`,
    '\\d+',
    after === undefined ? '$' : `(?=${literally(after)})`,
  ].join('');
}

function linePattern(line: string): string {
  return literally(line.trim()).replace(/\d+/g, '\\d+');
}

/** A lone sign would be found anywhere, so it has to be the whole line. */
function pagerPattern(text: string): string {
  const line = linePattern(text);
  return /\w/.test(text) ? line : `^${line}`;
}

/** Up to where the refusal speaks of the word itself or of a place in the line. */
export function errorPattern(line: string): string {
  const [constant = ''] = line.trim().split(/["'`<[]?netsweep|["'`]?\^|\d/);
  return constant.trim().length < 4
    ? `^ *.*${literally('netsweep-learn')}`
    : `^ *${literally(constant.trim())}`;
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
