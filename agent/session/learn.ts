// `platforms learn`: walks one session by looking alone - the prompt after empty lines, the answer to nonsense, a
// pager, what turns it off, the way out - and gives a first platform file. Only the gate's reading commands and
// settings of this session are typed.
import { setTimeout as delay } from 'node:timers/promises';
import { Kind, type PlatformFile } from '../../proto/gen/netsweep/v1/model.js';
import { AUTO, setupFor } from '../../proto/platform.js';
import { readsOnly } from '../../proto/readonly.js';
import type { Course } from '../course.js';
import { parserError } from '../line/output.js';
import { allRules, type Rules, rulesOf } from '../line/platform.js';
import type { TerminalTask } from '../line/terminal.js';
import type { Shell } from '../ssh/shell.js';
import { candidates, decide, PROBE, signWords } from './detect.js';
import { draft, type Seen } from './draft.js';
import { type Answer, RawLine, still } from './rawline.js';

/** Quiet before the first prompt, when a banner may still be coming. */
const FIRST_QUIET_MS = 1_500;
const LEAVE_MS = 2_000;
const LOOK_MS = 50;
/** Prompts looked at, to see what moves. */
const ROUNDS = 3;
/** No device has such a command. */
const NONSENSE = 'netsweep-learn';
/** They show something long on one device or another, the longest first. */
const READING = ['show running-config', 'display current-configuration', 'show configuration', PROBE];
/** Settings of a session and of nothing else, wherever they are known. */
const PAGING_OFF = [
  ...['terminal length 0', 'terminal pager 0', 'screen-length 0 temporary', 'screen-length disable'],
  ...[
    'set cli screen-length 0',
    'terminal datadump',
    'terminal more disable',
    'environment no more',
    'no page',
  ],
];
const EXITS = ['exit', 'quit', 'logout'];

export class Learner {
  /** The nearest known platform; empty: none. */
  platform = '';
  readonly #line: RawLine;

  constructor(
    private readonly task: Pick<TerminalTask, 'rules' | 'limits' | 'ports'>,
    private readonly shell: Shell,
    private readonly course: Course,
    private readonly own: readonly PlatformFile[],
  ) {
    this.#line = new RawLine(task, shell, course);
  }

  /** The text of a platform file. `base`: the platform that it is to build on; `auto`: what fits. */
  async describe(base: string, device: string): Promise<string> {
    await this.#enter();
    const { prompts, above } = await this.#learnPrompt();
    const nonsense = await this.#line.ask(NONSENSE);
    const seen: Seen = {
      device,
      identification: this.shell.wire.identification,
      base: await this.#nearest(base),
      generic: rulesOf('generic', this.own) ?? this.task.rules,
      prompts,
      above,
      return: this.#line.return,
      echoes: nonsense.echoed,
      refusal: linesOf(nonsense.text),
      reading: null,
      pagers: nonsense.pages,
      setup: [],
      pagingOff: null,
      exit: null,
      farewell: '',
    };
    this.platform = seen.base?.rules.platform.name ?? '';
    if (seen.base?.rules.platform.mode !== 'exec') {
      seen.return = await this.#asKnown(seen.base?.rules.platform.return);
      await this.#learnPaging(seen);
    }
    await this.#learnExit(seen);
    return draft(seen);
  }

  /** Up to the first line that stays, through questions that keys answer. */
  async #enter(): Promise<void> {
    const line = this.#line;
    await line.open();
    const entry = [...this.task.rules.entry];
    for (;;) {
      await line.quiet(FIRST_QUIET_MS);
      const at = entry.findIndex(({ asks }) => asks.test(line.lastLine));
      const [asked] = at < 0 ? [] : entry.splice(at, 1);
      if (asked === undefined && line.lastLine.trim() !== '') break;
      if (asked !== undefined && asked.what !== 'keys')
        throw line.failure(Kind.PROMPT, 'the device asks for more before its prompt');
      line.type(asked?.keys ?? '\r');
      await line.more();
    }
    line.prompt = line.lastLine;
  }

  /** Empty lines bring it again; by which line end is learnt on the way. */
  async #learnPrompt(): Promise<Pick<Seen, 'prompts' | 'above'>> {
    const line = this.#line;
    for (const end of ['\r', '\n']) {
      line.return = end;
      const prompts = [line.prompt];
      const tops: string[] = [];
      while (prompts.length <= ROUNDS && (await line.bringsPrompt(end))) {
        prompts.push(line.lastLine);
        tops.push(line.lines.at(-2) ?? '');
      }
      if (prompts.length <= ROUNDS) continue;
      const [top = ''] = tops;
      const isPart = top.trim() !== '' && tops.every((one) => still(one) === still(top));
      return { prompts, above: isPart ? [top] : [] };
    }
    throw line.failure(Kind.PROMPT, 'an empty line does not bring a prompt again');
  }

  async #nearest(base: string): Promise<Seen['base']> {
    const { text: answer } = await this.#line.ask(PROBE);
    if (base !== AUTO) return { rules: this.task.rules, by: '--platform' };
    const { identification } = this.shell.wire;
    const evidence = { identification, prompt: this.#line.prompt, answer };
    const best = decide(candidates(evidence, allRules(this.own)));
    return best === null ? null : { rules: best.rules, by: signWords(best) };
  }

  /** Where several line ends work, the known platform's is kept. */
  async #asKnown(end: string | undefined): Promise<string> {
    if (end !== undefined && end !== this.#line.return && (await this.#line.bringsPrompt(end)))
      this.#line.return = end;
    return this.#line.return;
  }

  async #learnPaging(seen: Seen): Promise<void> {
    const rules = seen.base?.rules ?? seen.generic;
    const before = await this.#readMost(rules, seen);
    const setup = seen.base && setupFor(seen.base.rules.platform, Number.POSITIVE_INFINITY);
    for (const line of setup ?? PAGING_OFF) {
      const accepted = !isRefused((await this.#line.ask(line)).text, rules, seen);
      // What is tried in vain is news only of what a platform names.
      if (accepted || seen.base !== null) seen.setup.push({ line, accepted });
      if (accepted && seen.base === null) break;
    }
    if (before === null || before.pages.length === 0 || seen.reading === null) return;
    seen.pagingOff = (await this.#line.ask(seen.reading)).pages.length === 0;
  }

  /** The first reading command that shows something. */
  async #readMost(rules: Rules, seen: Seen): Promise<Answer | null> {
    const commands = new Set([...(seen.base?.rules.platform.default_commands ?? []), ...READING]);
    for (const command of commands) {
      if (!readsOnly(rules.platform, command)) continue;
      const answer = await this.#line.ask(command);
      seen.pagers.push(...answer.pages);
      if (isRefused(answer.text, rules, seen) || linesOf(answer.text).length < 2) continue;
      seen.reading = command;
      return answer;
    }
    return null;
  }

  async #learnExit(seen: Seen): Promise<void> {
    this.course.finish();
    const line = this.#line;
    const known = seen.base?.rules.platform.exit;
    for (const word of new Set([...(known === undefined ? [] : [known]), ...EXITS])) {
      line.type(word + line.return);
      for (let waitedMs = 0; waitedMs < LEAVE_MS && !line.ended; waitedMs += LOOK_MS) {
        await delay(LOOK_MS);
        if (line.lines.length > 1 && line.atPrompt) break;
      }
      if (line.ended) seen.exit = word;
      else if (!line.atPrompt) seen.farewell = line.lastLine.trim();
      if (line.ended || seen.farewell !== '') return;
    }
  }
}

/** Refused in the platform's words, or in those that the nonsense was refused with. */
function isRefused(text: string, rules: Rules, { refusal }: Seen): boolean {
  if (parserError(rules, text) !== null) return true;
  const line = refusal.find((one) => /[A-Za-z]{3}/.test(one)) ?? '';
  const words = line.trim().split(/\W*netsweep/)[0] ?? '';
  return words.length > 3 && linesOf(text).some((one) => one.trim().startsWith(words.slice(0, 20)));
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
