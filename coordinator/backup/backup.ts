// From a sweep's reports to one commit: what has changed and is proved whole goes in, and nothing else. A device that
// did not end ok keeps its files, noise is no change, and what is a secret by the platform's data is masked unless it
// is asked for raw.
import { createHash } from 'node:crypto';
import { type Output, type Report, Status } from '../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { Platforms } from '../../proto/platform.js';
import { Mask } from '../combine/mask.js';
import { Noise } from '../combine/noise.js';
import { countsLine, failureLines, shortNames, suspectLines } from '../combine/summary.js';
import { Tally } from '../combine/tally.js';
import type { Author } from './import.js';
import { type Layout, type Names, ownPart, partsOf, pathOf } from './layout.js';
import type { Repository } from './repository.js';

export interface BackupOptions {
  layout: Layout;
  /** With secrets. */
  raw: boolean;
  author: Author;
  platforms: Platforms;
  names: Names;
  /** Files of other devices than these are removed; null: kept. */
  inventory: ReadonlySet<string> | null;
}

export interface BackupResult {
  /** Empty: nothing had changed. */
  commit: string;
  /** One line about the files. */
  summary: string;
  /** What kept a checked-out tree from following; null: nothing. */
  left: string | null;
}

interface Rules {
  mask: Mask;
  noise: Noise;
}

const NO_RULES = { secrets: [], volatile: [] };

export class Backup {
  readonly tally = new Tally();
  readonly #rules = new Map<string, Rules>();
  /** Paths of files by what they are in every layout. */
  readonly #existing = new Map<string, string[]>();
  readonly #files = { changed: 0, new: 0, moved: 0, removed: 0, unchanged: 0, noise: 0 };
  /** Devices that keep their files because they did not end ok. */
  readonly #kept: string[] = [];
  readonly #empty: string[] = [];

  constructor(
    private readonly repository: Repository,
    private readonly options: BackupOptions,
  ) {
    for (const path of repository.files.keys()) {
      const parts = partsOf(path);
      if (parts !== null) this.#existing.set(parts.own, [...(this.#existing.get(parts.own) ?? []), path]);
    }
  }

  /** `read`: the text of an output. */
  async report(report: Report, read: (output: Output) => AsyncIterable<string>): Promise<void> {
    this.tally.add(report);
    const { device } = report;
    if (device === undefined) return;
    // A command that was refused has a whole output too, and it is no configuration.
    if (report.status !== Status.OK) {
      this.#kept.push(device.name);
      return;
    }
    const last = new Map(report.outputs.map((output) => [output.command, output]));
    for (const output of last.values()) await this.#take(report, output, read);
  }

  /** Resolves once the commit is on disk, or nothing had changed. */
  async end(sweep: Sweep): Promise<BackupResult> {
    if (this.options.inventory !== null) this.#prune(this.options.inventory);
    const summary = this.#summary();
    if (!this.repository.hasChanges) return { commit: '', summary, left: null };
    const whenMs = sweep.endedAtMs || Date.now();
    const done = await this.repository.commit({
      author: this.options.author,
      whenMs,
      message: this.#message(sweep, summary),
    });
    return { ...done, summary };
  }

  async #take(
    report: Report,
    output: Output,
    read: (output: Output) => AsyncIterable<string>,
  ): Promise<void> {
    const { device } = report;
    if (device === undefined) return;
    const { layout, names, raw } = this.options;
    const path = pathOf(device, output.command, layout, names);
    const others = (this.#existing.get(ownPart(device.name, output.command, names)) ?? []).filter(
      (other) => other !== path,
    );
    const before = this.repository.files.get(path) ?? this.repository.files.get(others[0] ?? '') ?? null;
    const { mask, noise } = this.#rulesOf(report.platform || device.platform);
    const whole = await textOf(read(output));
    const text = raw ? whole : mask.text(whole);
    if (text === '' && before !== null) {
      this.#empty.push(device.name);
      return;
    }
    const standing = before === null ? 'new' : await this.#compare(before, text, noise);
    const isSame = standing === 'unchanged' || standing === 'noise';
    for (const other of others) this.repository.remove(other);
    this.#files[others.length > 0 ? 'moved' : standing] += 1;
    if (isSame && others.length === 0) return;
    if (isSame && before !== null) this.repository.place(path, before);
    else await this.repository.put(path, Buffer.from(text));
  }

  async #compare(object: string, text: string, noise: Noise): Promise<'unchanged' | 'noise' | 'changed'> {
    if (object === objectName(text, this.repository.objectFormat)) return 'unchanged';
    return noise.isSame(await this.repository.content(object), text) ? 'noise' : 'changed';
  }

  #prune(inventory: ReadonlySet<string>): void {
    const known = new Set([...inventory].map((name) => this.options.names.device(name)));
    for (const path of this.repository.files.keys()) {
      const parts = partsOf(path);
      if (parts === null || known.has(parts.device)) continue;
      this.repository.remove(path);
      this.#files.removed += 1;
    }
  }

  #rulesOf(platform: string): Rules {
    let rules = this.#rules.get(platform);
    if (rules === undefined) {
      const data =
        this.options.platforms.find(platform) ?? this.options.platforms.find('generic') ?? NO_RULES;
      rules = { mask: new Mask(data), noise: new Noise(data) };
      this.#rules.set(platform, rules);
    }
    return rules;
  }

  #summary(): string {
    const { changed, noise, ...rest } = this.#files;
    const others = Object.entries(rest).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
    const parts = [
      `${changed} changed`,
      ...others,
      ...(noise > 0 ? [`${noise} with nothing but noise`] : []),
    ];
    return parts.join(', ');
  }

  #message(sweep: Sweep, summary: string): string {
    const lines = [
      `backup: ${summary}`,
      '',
      countsLine(sweep.counts),
      ...failureLines(this.tally),
      ...suspectLines(this.tally),
      ...(this.#kept.length > 0 ? [`kept as they were: ${shortNames(this.#kept)}`] : []),
      ...(this.#empty.length > 0 ? [`kept, because nothing came back: ${shortNames(this.#empty)}`] : []),
      '',
      `Sweep: ${sweep.id}`,
      '',
    ];
    return lines.join('\n');
  }
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

/** As git names contents. */
function objectName(text: string, format: string): string {
  const bytes = Buffer.from(text);
  return createHash(format).update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
