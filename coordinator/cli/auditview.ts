// An audit as a way of showing a sweep: each device is judged as it ends, and the report is printed when all have.
import { basename, dirname } from 'node:path';
import { type Output, Proof, type Report } from '../../proto/gen/netsweep/v1/model.js';
import { label } from '../../proto/label.js';
import type { Platforms } from '../../proto/platform.js';
import { type Arrived, Audit } from '../audit/audit.js';
import type { Book } from '../audit/book.js';
import { startOfDay } from '../audit/date.js';
import { commandFor } from '../audit/judge.js';
import type { PackedOutput } from '../audit/judging.js';
import { summaryLine } from '../audit/report.js';
import { type Audited, isAsked } from '../audit/scopes.js';
import { platformOf, type ReadOutput } from '../combine/result.js';
import { sizeText } from '../combine/table.js';
import { count } from '../inventory/wording.js';
import { formatted } from '../report/formats.js';
import { NO_PAST, type Past } from '../report/past.js';
import type { AuditFormat, Settled } from '../report/settled.js';
import { version } from '../version.js';
import type { Changes } from './changes.js';
import type { Screen } from './output.js';
import { commandName, treeName, writeWhole } from './views/tree.js';
import type { View } from './views/view.js';

/** Longer outputs are not judged: patterns would go through them line by line, once for each rule. */
const MOST_BYTES = 64_000_000;
/** What came along packed goes to the judging thread as it is. */
const SMALL = 1024 * 1024;

export interface AuditParts {
  book: Book;
  audited: readonly Audited[];
  platforms: Platforms;
  format: AuditFormat;
  /** Keeps an audit, and tells what was before; null: it is none of now. */
  keep: ((settled: Settled) => Promise<Past>) | null;
  /** Where the page goes; null: none is wanted. */
  report: string | null;
  /** A directory of templates; null: no rule needs one. */
  templates: string | null;
  changes: Changes | null;
  /** Place of a report's device among the audited. */
  placeOf(report: Report): number | undefined;
}

export class AuditView implements View, AsyncDisposable {
  readonly bodies = true;
  readonly audit: Audit<Output>;

  /** Once it has been printed. */
  outcome: { settled: Settled; past: Past } | null = null;
  #shown: { read: ReadOutput; screen: Screen } | null = null;

  constructor(private readonly parts: AuditParts) {
    const { book, audited, platforms, templates } = parts;
    this.audit = Audit.open({
      book,
      audited,
      platforms,
      templates,
      read: (output) => wholeText(output, this.#on.read),
    });
  }

  /** Where outputs are read and the report is shown; before the first report comes. */
  showOn(screen: Screen, read: ReadOutput): this {
    this.#shown = { read, screen };
    return this;
  }

  get #on(): { read: ReadOutput; screen: Screen } {
    if (this.#shown === null) throw new Error('the audit is shown nowhere');
    return this.#shown;
  }

  async report(report: Report): Promise<void> {
    const place = this.parts.placeOf(report);
    if (place !== undefined) await this.audit.add(place, await this.#arrived(report));
  }

  async end({ id }: { id: string }): Promise<void> {
    // What needs nothing of a device, because its rules have no command for it.
    for (const [place, audited] of this.parts.audited.entries()) {
      const { rules, platform } = audited;
      if (rules.length > 0 && !isAsked(audited))
        await this.audit.add(place, { platform, outputs: [], failure: null, refs: new Map() });
    }
    await this.audit.settle();
    const { unmeant } = this.audit;
    if (unmeant > 0)
      this.#on.screen.progress.say(
        `no rule is for ${count(unmeant, 'device')}, by the platform that was found out`,
      );
    const { book, audited } = this.parts;
    const verdicts = () => this.audit.verdicts();
    await this.#print({ book, audited, tally: this.audit.tally, sweep: id, atMs: Date.now(), verdicts });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.audit[Symbol.asyncDispose]();
  }

  async #print(settled: Settled): Promise<void> {
    const { sink, progress } = this.#on.screen;
    const { tally } = settled;
    const fileOf = (segment: string, device: string, command: string) =>
      `${treeName(segment)}/${treeName(device)}/${commandName(command)}.txt`;
    const past = await this.#past(settled);
    this.outcome = { settled, past };
    for await (const piece of formatted(this.parts.format, settled, { version: version(), fileOf, past }))
      await sink.write(piece);
    await this.#writePage(settled, past);
    progress.note(summaryLine(tally), tally.counts.fail + tally.counts.error === 0 ? 'green' : 'yellow');
  }

  async #past(settled: Settled): Promise<Past> {
    const { keep } = this.parts;
    if (keep === null) return NO_PAST;
    try {
      return await keep(settled);
    } catch (error) {
      // Whatever became of the coordinator meanwhile, the verdicts are there.
      const why = error instanceof Error ? error.message : String(error);
      this.#on.screen.progress.say(`the audit could not be kept, so what is new is not known: ${why}`);
      return NO_PAST;
    }
  }

  async #writePage(settled: Settled, past: Past): Promise<void> {
    const { report } = this.parts;
    if (report === null) return;
    const { htmlReport } = await import('../report/html/page.js');
    await writeWhole(dirname(report), basename(report), htmlReport(settled, past));
  }

  /** Asked only where a rule does. */
  async #changedAt(report: Report, output: Output): Promise<number | null> {
    const { book, audited, changes, placeOf } = this.parts;
    const platform = platformOf(report);
    const dates = (audited[placeOf(report) ?? -1]?.rules ?? []).flatMap((number) => {
      const rule = book.rules[number];
      const asks = rule?.check.kind === 'unchanged_since' && commandFor(rule, platform) === output.command;
      return asks && rule.check.kind === 'unchanged_since' ? [startOfDay(rule.check.date) ?? 0] : [];
    });
    if (changes === null || dates.length === 0 || output.proof !== Proof.COMPLETE) return null;
    return changes.lastBefore(report, output, Math.min(...dates), this.#on.read);
  }

  async #arrived(report: Report): Promise<Arrived<Output>> {
    const { failure } = report;
    const outputs: PackedOutput[] = [];
    for (const output of report.outputs) {
      const changedAtMs = await this.#changedAt(report, output);
      outputs.push({ ...(await packed(output, this.#on.read)), changedAtMs });
    }
    return {
      platform: platformOf(report),
      outputs,
      failure: failure === undefined ? null : `${label('KIND', failure.kind)}: ${failure.message}`,
      refs: new Map(report.outputs.map((output) => [output.command, { ...output, body: Buffer.alloc(0) }])),
    };
  }
}

async function packed(output: Output, read: ReadOutput): Promise<PackedOutput> {
  const { command, body, bytes } = output;
  const head = { command, proof: proofOf(output), unreadable: null, changedAtMs: null };
  if (head.proof !== 'complete' || bytes === 0) return { ...head, text: '' };
  if (bytes > MOST_BYTES)
    return { ...head, text: '', unreadable: `the output is too long to be judged (${sizeText(bytes)})` };
  // A copy, because what goes to a thread takes all memory along that it is a part of: here a whole message.
  if (body.length > 0 && bytes <= SMALL) return { ...head, body: new Uint8Array(body), bytes };
  return { ...head, text: await wholeText(output, read) };
}

function proofOf({ proof }: Output): PackedOutput['proof'] {
  if (proof === Proof.COMPLETE) return 'complete';
  return proof === Proof.TRUNCATED ? 'truncated' : 'suspect';
}

async function wholeText(output: Output, read: ReadOutput): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of read(output)) pieces.push(piece);
  return pieces.join('');
}
