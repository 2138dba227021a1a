// From the output options to the views they ask for, and from a finished sweep to summary and exit code.
// Shared by run, sweeps watch and sweeps results, which differ only in where the reports come from.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Kind, type Report } from '../../proto/gen/netsweep/v1/model.js';
import { type Sweep, SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { type ReadOutput, sweepObject } from '../combine/result.js';
import { summaryLines } from '../combine/summary.js';
import { Tally, type Tolerance, tolerated } from '../combine/tally.js';
import type { Values } from '../config.js';
import { count } from '../inventory/wording.js';
import { decide, EXIT, type ExitCode, UsageError } from './exit.js';
import type { Masked } from './masked.js';
import { openPlatforms } from './platforms.js';
import { Progress } from './progress.js';
import type { Rows } from './rows.js';
import type { OUTPUT } from './settings.js';
import { CannotWrite, Sink } from './sink.js';
import { templatesDirectory } from './templates.js';
import { painter, showsUnicode } from './terminal.js';
import { differencesView } from './views/differences.js';
import { foldView } from './views/fold.js';
import { jsonView, mapView, ndjsonView } from './views/json.js';
import { rowsCsvView, rowsTableView } from './views/rows.js';
import { sessionLogView, transcriptView } from './views/sessionlog.js';
import { csvView, junitView, tableView } from './views/table.js';
import { headedView, oneLineView, prefixedView } from './views/text.js';
import { treeView } from './views/tree.js';
import type { Results, View } from './views/view.js';

type OutputValues = Values<typeof OUTPUT>;

/** This many -v show the sessions. */
const SHOW_SESSIONS = 3;

/** Options that exclude each other; before anything is started. */
export function checkOutput(values: OutputValues): void {
  const { format, oneLine, map, tree, sessionLog } = values;
  const isText = format === null || format === 'text';
  if (map && format !== 'json') throw new UsageError('--map goes with --format json');
  const [way, other] = waysOfText(values);
  if (oneLine && other !== undefined) throw new UsageError(`${way} and ${other} exclude each other`);
  if (way !== undefined && !isText) throw new UsageError(`${way} goes with --format text`);
  if (values.parse) checkParse(values);
  checkDirectory('--tree', tree);
  checkDirectory('--session-log', sessionLog);
}

/** Of showing text, as asked for; --diff folds as well. */
function waysOfText({ fold, diff, oneLine }: OutputValues): string[] {
  return [...(diff ? ['--diff'] : []), ...(fold ? ['--fold'] : []), ...(oneLine ? ['--one-line'] : [])];
}

function checkParse(values: OutputValues): void {
  const { format, tree, templates } = values;
  const shaped = format !== null && format !== 'text' && format !== 'junit';
  if (waysOfText(values).length > 0 || (format !== null && !shaped))
    throw new UsageError('--parse goes with --format table, json, ndjson or csv');
  if (tree !== null && !shaped)
    throw new UsageError('--parse with --tree goes with --format table, json, ndjson or csv');
  templatesDirectory(templates);
}

/** It is one that can be written to, or can be made; nothing is made yet. */
function checkDirectory(option: string, directory: string | null): void {
  if (directory === null) return;
  if (directory === '') throw new UsageError(`${option} needs a directory`);
  let nearest = resolve(directory);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory()) throw new UsageError(`${option}: ${nearest} is not a directory`);
  try {
    accessSync(nearest, constants.W_OK);
  } catch {
    throw new UsageError(`${option}: ${nearest} can't be written to`);
  }
}

/** The same for a file that is to be written. */
export function checkFile(option: string, file: string): void {
  if (existsSync(file) && !statSync(file).isFile()) throw new UsageError(`${option}: ${file} is not a file`);
  checkDirectory(option, dirname(resolve(file)));
}

/** Whether sessions are to be recorded. */
export function wantsTranscripts({ sessionLog, verbose }: OutputValues): boolean {
  return sessionLog !== null || verbose >= SHOW_SESSIONS;
}

/** stdout and stderr of one command. */
export class Screen {
  readonly sink: Sink;
  readonly progress: Progress;

  constructor({ noColor, progress, quiet }: Pick<OutputValues, 'noColor' | 'progress' | 'quiet'>) {
    const paint = (stream: NodeJS.WriteStream) => painter(stream.isTTY === true, noColor, process.env);
    this.progress = new Progress({
      stream: process.stderr,
      when: progress,
      quiet,
      paint: paint(process.stderr),
      unicode: showsUnicode(process.env),
    });
    this.sink = new Sink({
      stream: process.stdout,
      isTerminal: process.stdout.isTTY === true,
      paint: paint(process.stdout),
      beforeWrite: () => this.progress.clear(),
    });
  }
}

/** What reports pass through before a view sees them. */
export class Stages implements AsyncDisposable {
  private constructor(
    /** Gives the texts of outputs as they have come out. */
    readonly read: ReadOutput,
    private readonly masked: Masked | null,
    /** With --parse. */
    readonly rows: Rows | null,
  ) {}

  /** Each is loaded only where it is asked for. */
  static async open(
    values: OutputValues & { platforms?: string | null },
    original: ReadOutput,
  ): Promise<Stages> {
    const platforms = { platforms: values.platforms ?? null };
    const masked = values.mask
      ? new (await import('./masked.js')).Masked(original, openPlatforms(platforms))
      : null;
    const read = masked?.read ?? original;
    const rows = values.parse ? (await import('./rows.js')).Rows.open(values, read) : null;
    return new Stages(read, masked, rows);
  }

  /** Whether they need the texts. */
  get bodies(): boolean {
    return this.masked !== null;
  }

  /** `bodies`: the reports have their texts. */
  ahead(
    reports: AsyncIterable<Report> | Iterable<Report>,
    bodies: boolean,
  ): AsyncIterable<Report> | Iterable<Report> {
    if (!bodies) return reports;
    const masked = this.masked?.ahead(reports) ?? reports;
    return this.rows?.ahead(masked) ?? masked;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rows?.[Symbol.asyncDispose]();
  }
}

export interface ViewParts {
  values: OutputValues;
  screen: Screen;
  read: ReadOutput;
  /** With --parse. */
  rows: Rows | null;
  /** Devices in the sweep. */
  selected: number;
  /** The command that prints a sweep's results again. */
  again(sweep: string): string;
}

export function openViews({ values, screen, read, rows, selected, again }: ViewParts): View[] {
  const { sink, progress } = screen;
  const views: View[] = [];
  if (values.tree !== null) views.push(treeView(values.tree, read));
  if (values.sessionLog !== null) views.push(sessionLogView(values.sessionLog, read));
  if (values.verbose >= SHOW_SESSIONS) views.push(transcriptView(progress, read));
  const silent = values.tree !== null && values.format === null && waysOfText(values).length === 0;
  if (silent) return views;
  const text = { sink, read, progress };
  const rowsOf = rows?.of ?? null;
  switch (values.format ?? (rows === null ? 'text' : 'table')) {
    case 'text':
      if (values.diff) views.push(differencesView(text));
      else if (values.fold) views.push(foldView(text));
      else if (values.oneLine) views.push(oneLineView(text));
      else views.push(sink.isTerminal ? headedView(text, selected, again) : prefixedView(text));
      break;
    case 'ndjson':
      views.push(ndjsonView(sink, read, rowsOf));
      break;
    case 'json':
      views.push(values.map ? mapView(sink, read, rowsOf) : jsonView(sink, read, rowsOf));
      break;
    case 'table':
      views.push(rows === null ? tableView(sink) : rowsTableView(sink, rows));
      break;
    case 'csv':
      views.push(rows === null ? csvView(sink, read) : rowsCsvView(sink, rows));
      break;
    case 'junit':
      views.push(junitView(sink));
      break;
  }
  return views;
}

/**
 * Passes each report to all views and counts it. A view that can't write any more is given up with one line; the
 * sweep goes on, and its results stay where they are.
 */
export class Show {
  readonly tally = new Tally();
  readonly bodies: boolean;
  #views: View[];
  #gaveUp = false;

  constructor(
    views: View[],
    private readonly screen: Screen,
    private readonly stages: Stages,
  ) {
    this.#views = views;
    this.bodies = stages.bodies || views.some(({ bodies }) => bodies);
  }

  /** Whether any view takes devices as they end. */
  get takesReports(): boolean {
    return this.#views.some(({ report }) => report !== undefined);
  }

  /** Counted, and gathered for the system. */
  async all(reports: AsyncIterable<Report> | Iterable<Report>): Promise<void> {
    for await (const report of this.stages.ahead(reports, this.bodies)) await this.#report(report);
  }

  async #report(report: Report): Promise<void> {
    this.tally.add(report);
    this.screen.progress.add(report);
    await this.#each(report.sweep, async (view) => view.report?.(report));
  }

  /** Counted, and shown before it resolves. */
  async reports(reports: Report[]): Promise<void> {
    await this.all(reports);
    await this.#orGiveUp(reports[0]?.sweep ?? '', () => this.screen.sink.flush());
  }

  async end(sweep: Sweep, results: Results): Promise<void> {
    const { stages } = this;
    const ready: Results = async function* (bodies) {
      const wanted = bodies || stages.bodies;
      yield* stages.ahead(results(wanted), wanted);
    };
    await this.#each(sweep.id, async (view) => view.end?.(sweep, ready));
    await this.#orGiveUp(sweep.id, () => this.screen.sink.end());
    for (const reason of stages.rows?.reasons() ?? []) this.screen.progress.say(reason);
  }

  /** What the command ends with that would end with `code`. */
  exit(code: ExitCode): ExitCode {
    return this.#gaveUp ? decide([code, EXIT.failures]) : code;
  }

  async #each(sweep: string, work: (view: View) => Promise<void>): Promise<void> {
    for (const view of [...this.#views])
      if (!(await this.#orGiveUp(sweep, () => work(view))))
        this.#views = this.#views.filter((other) => other !== view);
  }

  async #orGiveUp(sweep: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof CannotWrite)) throw error;
      if (!this.#gaveUp)
        this.screen.progress.say(`netsweep: ${error.message}; sweeps results ${sweep} prints it again later`);
      this.#gaveUp = true;
      return false;
    }
  }
}

/** The summary on stderr, and what the sweep means for the exit code. */
export function conclude(
  sweep: Sweep,
  tally: Tally,
  { progress, tolerance, hint }: { progress: Progress; tolerance: Tolerance | null; hint: string },
): ExitCode {
  const { forgiven, left } = tolerated(tally, tolerance);
  progress.end();
  const [first = '', ...lines] = summaryLines(sweep, tally);
  progress.note(`sweep ${sweep.id}: ${first}`, tally.notOk === 0 ? 'green' : 'yellow');
  for (const line of lines) progress.note(line);
  if (sweepObject(sweep).hostKeys === 'off')
    progress.note('host keys were neither checked nor kept', 'yellow');
  const codes = [...codesOf(sweep, tally), ...(left > 0 ? [EXIT.failures] : [])];
  if (codes.includes(EXIT.stopped)) {
    const untouched = tally.stopped === 0 ? '' : `, ${count(tally.stopped, 'device')} never begun`;
    progress.say(`stopped${untouched}: ${sweep.reason}`);
    progress.say(hint);
    if (tally.ofKind(Kind.LIMIT) > 0)
      progress.say('only those never begun: --kind limit in place of --failed');
  } else if (left > 0) progress.offer(hint);
  if (forgiven > 0) progress.say(`tolerated: ${forgiven} of ${tally.notOk} devices that did not end ok`);
  return decide(codes);
}

function* codesOf({ state, reason }: Sweep, tally: Tally): Generator<ExitCode> {
  if (state === SweepState.CANCELLED) yield EXIT.cancelled;
  else if (reason !== '' || tally.stopped > 0) yield EXIT.stopped;
  if (tally.total > 0 && tally.ofKind(Kind.NO_AGENT) === tally.total) yield EXIT.unreachable;
}
