// `netsweep diff`: what differs between two sweeps, or between two versions of a device's outputs. Differences that
// many devices share are printed once.
import { createHash } from 'node:crypto';
import type { Connection } from '../connect.js';
import type { Comparison } from '../history/compare.js';
import { count } from '../inventory/wording.js';
import { inOrder } from '../limited/inorder.js';
import { foldNames } from '../nodeset/fold.js';
import type { Call } from './command.js';
import { type Compared, Comparer } from './comparer.js';
import { type Both, type Pair, pairsOfSweeps } from './diffsweeps.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { isDamaged, only, readVersions } from './history.js';
import { openLink } from './link.js';
import { Screen } from './output.js';
import { openPlatforms } from './platforms.js';
import { ask } from './rpc.js';
import type { DIFF } from './settings.js';
import type { Sink } from './sink.js';

type DiffCall = Call<typeof DIFF>;

/** Text of differences that is kept until all devices that share one are known, in characters. */
const KEPT_MOST = 32 * 1024 * 1024;
const CONTEXT = 3;

interface Shared {
  command: string;
  names: string[];
  compared: Comparison;
}

export async function showDiff(call: DiffCall): Promise<ExitCode> {
  const { args, values, stop } = call;
  const platforms = openPlatforms(values);
  const screen = new Screen({ noColor: values.noColor, progress: 'off', quiet: false });
  await using link = await openLink(values, stop);
  await using comparer = new Comparer(link, platforms, stop);
  const { names, pairs } = await pairsOf(link, call);
  const report = new DiffReport(screen.sink, names, values);
  const compare = async (pair: Pair) => ({ pair, compared: await comparedPair(comparer, pair) });
  for await (const { pair, compared } of inOrder(pairs, comparer.width, compare))
    await report.add(pair, compared);
  await report.end();
  if (args.length === 0) throw new UsageError('diff needs two sweeps, or a device'); // commander asks for one
  return report.drift ? EXIT.findings : EXIT.ok;
}

interface Asked {
  /** Of the two sides. */
  names: [string, string];
  pairs: AsyncIterable<Pair>;
}

async function pairsOf(link: Connection, { args, values, stop }: DiffCall): Promise<Asked> {
  const [first = '', ...rest] = args;
  const versions = values.from !== null || values.to !== null || values.segment !== null || rest.length !== 1;
  const sweeps = versions ? null : await bothSweeps(link, first, rest[0] ?? '');
  if (sweeps !== null) return { names: sweeps, pairs: pairsOfSweeps(link, sweeps, stop) };
  return {
    names: ['before', 'after'],
    pairs: pairsOfVersions(link, { device: first, command: rest.join(' ') }, values),
  };
}

/** The ids that both words name; null where one of them names no sweep. */
async function bothSweeps(
  { sweeps }: Connection,
  one: string,
  other: string,
): Promise<[string, string] | null> {
  const idOf = async (named: string) => {
    const { sweeps: found } = await ask(sweeps.list.bind(sweeps), { sweep: named, limit: 1 }).catch(() => ({
      sweeps: [],
    }));
    return found[0]?.id ?? null;
  };
  const [before, after] = [await idOf(one), await idOf(other)];
  return before === null || after === null ? null : [before, after];
}

/** Two versions of one output, or the last two of each. */
async function* pairsOfVersions(
  link: Connection,
  asked: { device: string; command: string },
  { segment, from, to }: DiffCall['values'],
): AsyncGenerator<Pair> {
  const versions = await readVersions(link, { ...asked, segment: segment ?? '' });
  if (from !== null || to !== null) only(versions, to ?? 0); // of one output, or it is not clear which are meant
  for (const after of versions) {
    if (to === null ? !after.newest : after.version !== to) continue;
    const { segment, device, command, platform } = after;
    const earlier = versions.filter((one) => one.segment === segment && one.command === command);
    const before = from === null ? earlier[earlier.indexOf(after) - 1] : only(earlier, from);
    const pair = { segment, device, command, platform };
    if (before === undefined) yield { ...pair, state: 'new', why: 'there is no version before it' };
    else if (isDamaged(before) || isDamaged(after))
      yield { ...pair, state: 'unclear', why: 'its record is damaged in the store' };
    else yield { ...pair, state: 'both', before, after };
  }
}

function comparedPair(comparer: Comparer, pair: Pair): Promise<Compared> | Compared | null {
  return pair.state === 'both' ? comparer.compare(pair.before, pair.after, pair.platform, CONTEXT) : null;
}

type State = Compared['state'] | Exclude<Pair['state'], 'both'>;

/** Counts each output; prints a table at once, and differences when all devices that share them are known. */
class DiffReport {
  readonly #counts: Record<State, number> = { same: 0, noise: 0, changed: 0, new: 0, gone: 0, unclear: 0 };
  readonly #shared = new Map<string, Shared>();
  readonly #told = new Map<string, string[]>();
  #noise = 0;
  /** Outputs of the second sweep alone. */
  #fresh = 0;
  #kept = 0;

  constructor(
    private readonly sink: Sink,
    private readonly names: [string, string],
    private readonly values: Pick<DiffCall['values'], 'json' | 'stat'>,
  ) {}

  /** A version that none stands before is the beginning, and no drift. */
  get drift(): boolean {
    const { changed, gone } = this.#counts;
    return changed + gone + this.#fresh > 0;
  }

  async add(pair: Pair, compared: Compared | null): Promise<void> {
    const state = compared?.state ?? (pair as Exclude<Pair, Both>).state; // a pair of both has been compared
    this.#counts[state] += 1;
    if (pair.state === 'new' && pair.why === '') this.#fresh += 1;
    if (compared !== null && compared.state !== 'unclear') this.#noise += compared.noise;
    if (state === 'same') return;
    const why = compared?.state === 'unclear' ? compared.why : 'why' in pair ? pair.why : '';
    const { device, command } = pair;
    if (this.values.json)
      return this.sink.write(`${this.#comma}${JSON.stringify(objectOf(pair, state, why, compared))}`);
    if (compared?.state === 'changed' && !this.values.stat) return this.#share(pair, compared);
    const words =
      compared?.state === 'changed' ? `+${compared.added} -${compared.removed}` : wordsOf(state, why);
    if (this.values.stat && state !== 'noise') await this.sink.write(`${device}: ${command}: ${words}\n`);
    else if (state !== 'noise') {
      const names = this.#told.get(`${command}: ${words}`) ?? [];
      this.#told.set(`${command}: ${words}`, [...names, device]);
    }
  }

  async end(): Promise<void> {
    if (this.values.json) {
      const counts = { ...this.#counts, noiseLines: this.#noise };
      const [from, to] = this.names;
      await this.sink.write(
        `${this.#started ? '\n]' : '{"outputs":[]'},${JSON.stringify({ from, to, counts }).slice(1)}\n`,
      );
      return this.sink.end();
    }
    for (const shared of this.#shared.values()) await this.#print(shared);
    for (const [words, names] of this.#told) await this.sink.write(`${foldNames(names)}: ${words}\n`);
    await this.sink.write(`${this.#summary()}\n`);
    await this.sink.end();
  }

  #started = false;

  get #comma(): string {
    const first = !this.#started;
    this.#started = true;
    return first ? '{"outputs":[\n' : ',\n';
  }

  async #share({ device, command }: Pair, compared: Shared['compared']): Promise<void> {
    const text = compared.lines.join('\n');
    // The lines around a change tell the devices apart; they are shown of the first.
    const changed = compared.lines.filter((line) => /^[+-]/.test(line)).join('\n');
    const key = createHash('sha256').update(`${command}\n${changed}`).digest('hex');
    const known = this.#shared.get(key);
    const shared = known ?? { command, names: [], compared };
    shared.names.push(device);
    if (known !== undefined) return;
    // What there is no room for is printed for its first device alone.
    if (this.#kept + text.length > KEPT_MOST) return this.#print(shared);
    this.#kept += text.length;
    this.#shared.set(key, shared);
  }

  async #print({ command, names, compared }: Shared): Promise<void> {
    const { added, removed, lines, isCut, noise } = compared;
    const dropped = noise === 0 ? '' : `, ${count(noise, 'noise line')} dropped`;
    const [from, to] = this.names;
    await this.sink.write(`${foldNames(names)}: ${command}: +${added} -${removed}${dropped}\n`);
    await this.sink.write(`--- ${from}\n+++ ${to}\n`);
    for (const line of lines) await this.sink.write(`${line}\n`);
    if (isCut) await this.sink.write('... the difference goes on\n');
    await this.sink.write('\n');
  }

  #summary(): string {
    const { same, noise, changed, unclear } = this.#counts;
    const alike = same + noise;
    const parts = [
      `${changed} changed`,
      ...(this.#noise > 0 ? [`${count(this.#noise, 'noise line')} dropped`] : []),
      `${alike} ${noise > 0 ? `the same (${noise} but for noise)` : 'the same'}`,
      ...(['new', 'gone'] as const).flatMap((state) =>
        this.#counts[state] > 0 ? [`${this.#counts[state]} ${state}`] : [],
      ),
      ...(unclear > 0 ? [`${unclear} not comparable`] : []),
    ];
    return parts.join(', ');
  }
}

function wordsOf(state: State, why: string): string {
  const words = state === 'unclear' ? 'not comparable' : state;
  return why === '' ? words : `${words}: ${why}`;
}

function objectOf(
  { segment, device, command, platform }: Pair,
  state: State,
  why: string,
  compared: Compared | null,
) {
  const is = compared === null || compared.state === 'unclear' ? null : compared;
  return {
    ...{ device, segment, command, platform },
    state: state === 'unclear' ? 'not-comparable' : state === 'noise' ? 'noise-only' : state,
    why: why === '' ? null : why,
    ...{ added: is?.added ?? null, removed: is?.removed ?? null, noise: is?.noise ?? null },
    diff: is?.state === 'changed' ? is.lines : null,
  };
}
