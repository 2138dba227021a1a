// `--parse`: what templates make of outputs, ready before a view asks for it. Several devices' outputs are parsed at once
// while their order stays; the reasons where there are no rows are gathered, to be told once at the end.
import { type Output, Proof, type Report } from '../../proto/gen/netsweep/v1/model.js';
import { label } from '../../proto/label.js';
import { type OutputRows, platformOf, type ReadOutput } from '../combine/result.js';
import type { Values } from '../config.js';
import { count } from '../inventory/wording.js';
import { inOrder } from '../limited/inorder.js';
import { foldNames } from '../nodeset/fold.js';
import { Parser } from '../parse/parser.js';
import { MOST_TEXT } from '../parse/parsing.js';
import { namesIn } from './parse.js';
import { openPlatforms } from './platforms.js';
import type { ROWS } from './settings.js';
import { parserThreads, templatesDirectory } from './templates.js';

/** Of what the cores can do: agents and coordinator may run here as well. */
const SHARE = 0.5;
/** Reasons that are told apart. */
const MOST_REASONS = 20;
const OTHER = 'other reasons';

export class Rows implements AsyncDisposable {
  readonly #parsed = new WeakMap<Output, OutputRows>();
  readonly #reasons = new Map<string, Set<string>>();

  private constructor(
    private readonly directory: string,
    private readonly parser: Parser,
    private readonly names: (platform: string) => string[],
    private readonly read: ReadOutput,
  ) {}

  /** Throws UsageError where there are no templates. */
  static open({ templates }: Values<typeof ROWS>, read: ReadOutput): Rows {
    const names = namesIn(openPlatforms({ platforms: null }));
    return new Rows(templatesDirectory(templates), Parser.open(parserThreads(SHARE)), names, read);
  }

  /** What was made of an output that has come by in `ahead`. */
  readonly of = (output: Output): OutputRows =>
    this.#parsed.get(output) ?? { columns: [], rows: null, note: 'it was not parsed' };

  /** The same reports, each once its outputs are parsed. */
  ahead(reports: AsyncIterable<Report> | Iterable<Report>): AsyncIterable<Report> {
    return inOrder(each(reports), this.parser.width, async (report) => {
      await Promise.all(report.outputs.map(async (output) => this.#keep(report, output)));
      return report;
    });
  }

  /** The columns of a report's outputs by their commands, without the outputs. */
  async columnsOf(report: Report): Promise<string[]> {
    const columns = report.outputs.map(
      async ({ command }) => (await this.#parse(report, command, '')).columns,
    );
    return (await Promise.all(columns)).flat();
  }

  /** Why there were no rows, a line each. */
  reasons(): string[] {
    return Array.from(this.#reasons, ([reason, devices]) => {
      const [first = ''] = reason.split('\n');
      return `no rows on ${count(devices.size, 'device')} (${foldNames(devices)}): ${first}`;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.parser[Symbol.asyncDispose]();
  }

  async #keep(report: Report, output: Output): Promise<void> {
    const parsed = await this.#parseOutput(report, output);
    this.#parsed.set(output, parsed);
    if (parsed.note === null) return;
    const told = `${output.command}: ${parsed.note}`;
    const reason = this.#reasons.has(told) || this.#reasons.size < MOST_REASONS ? told : OTHER;
    const devices = this.#reasons.get(reason) ?? new Set();
    this.#reasons.set(reason, devices.add(report.device?.name ?? ''));
  }

  async #parseOutput(report: Report, output: Output): Promise<OutputRows> {
    if (output.proof !== Proof.COMPLETE) return without(`the output is ${label('PROOF', output.proof)}`);
    if (output.bytes > MOST_TEXT) return without(`larger than can be parsed (${MOST_TEXT} bytes)`);
    let text = this.read.whole?.(output) ?? null;
    if (text === null) {
      text = '';
      for await (const piece of this.read(output)) text += piece;
    }
    return this.#parse(report, output.command, text);
  }

  async #parse(report: Report, command: string, text: string): Promise<OutputRows> {
    const platforms = this.names(platformOf(report));
    const question = { platforms, command, hostname: report.device?.name ?? null };
    const parsed = await this.parser.parse({ templates: { directory: this.directory, question }, text });
    return parsed.ok ? { columns: parsed.columns, rows: parsed.rows, note: null } : without(parsed.message);
  }
}

function without(note: string): OutputRows {
  return { columns: [], rows: null, note };
}

async function* each(reports: AsyncIterable<Report> | Iterable<Report>): AsyncGenerator<Report> {
  yield* reports;
}
