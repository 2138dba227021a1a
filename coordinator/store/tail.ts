// The reports committed last of sweeps that somebody follows, in memory: who keeps up is served from here, and the disk
// reads, unpacks and checks only for those who do not. A report is added once its commit is known, so nobody is told of
// anything that is not on disk.
import type { Output, Report } from '../../proto/gen/netsweep/v1/model.js';
import { BATCH_BYTES } from '../../proto/subjects.js';

/** Most bytes of reports that are kept over all sweeps; the oldest go first. */
const TAIL_BYTES = 16 * 1024 * 1024;
/** Of a report beside its outputs, about. */
const REPORT_BYTES = 1_000;
const NO_BYTES = Buffer.alloc(0);

export interface Numbered {
  seq: number;
  report: Report;
}

/** `report` null: it has been let go of. */
interface Kept {
  readonly seq: number;
  report: Report | null;
}

interface Followed {
  followers: number;
  /** Every report of the sweep with a higher number is here. */
  from: number;
}

export class Tail {
  readonly #followed = new Map<string, Followed>();
  /** In the order of their numbers, over all sweeps. */
  #kept: Kept[] = [];
  /** So many of the first have been let go of, and others may have been. */
  #gone = 0;
  #bytes = 0;

  constructor(
    /** The number of the report that was committed last. */
    private last: number,
    private readonly mostBytes = TAIL_BYTES,
  ) {}

  /** From now on a sweep's reports are kept, until what it returns is disposed of. */
  follow(sweep: string): Disposable {
    const followed = this.#followed.get(sweep) ?? { followers: 0, from: this.last };
    followed.followers += 1;
    this.#followed.set(sweep, followed);
    return {
      [Symbol.dispose]: () => {
        followed.followers -= 1;
        if (followed.followers === 0 && this.#followed.delete(sweep)) this.#forget(sweep);
      },
    };
  }

  /** The reports of a commit, in order; `last`: the number of the last of them. */
  committed(reports: Report[], last: number): void {
    let seq = last - reports.length;
    for (const report of reports) this.#add(++seq, report);
    this.last = last;
    while (this.#bytes > this.mostBytes) this.#letGo();
  }

  /** Up to `limit` reports after number `after`, from here if all of them are, else from the disk. */
  async read(
    sweep: string,
    after: number,
    limit: number,
    fromDisk: () => Promise<Numbered[]>,
  ): Promise<Numbered[]> {
    const followed = this.#followed.get(sweep);
    const from = followed?.from ?? Number.POSITIVE_INFINITY;
    if (followed?.followers === 1 && after > from) this.#passed(sweep, followed, after);
    if (after >= from) return this.#find(sweep, after, limit);
    const read = await fromDisk();
    // It has shown that there is nothing more between what it gave and what is here.
    if (read.length < limit && followed?.from === from)
      followed.from = Math.min(from, read.at(-1)?.seq ?? after);
    return read;
  }

  #find(sweep: string, after: number, limit: number): Numbered[] {
    const found: Numbered[] = [];
    for (let at = this.#firstAfter(after); at < this.#kept.length && found.length < limit; at += 1) {
      const { seq, report } = this.#kept[at] as Kept; // `at` is below the length
      if (report?.sweep === sweep) found.push({ seq, report });
    }
    return found;
  }

  #add(seq: number, report: Report): void {
    if (!this.#followed.has(report.sweep)) return;
    const kept = asRead(report, true);
    this.#kept.push({ seq, report: kept });
    this.#bytes += bytesOf(kept);
  }

  /** The only one who follows has them: what lives no longer than that costs no collector anything. */
  #passed(sweep: string, followed: Followed, after: number): void {
    followed.from = after;
    for (let at = this.#gone; at < this.#kept.length; at += 1) {
      const kept = this.#kept[at] as Kept; // `at` is below the length
      if (kept.seq > after) break;
      if (kept.report?.sweep === sweep) this.#drop(kept, kept.report);
    }
    this.#shift();
  }

  #letGo(): void {
    const oldest = this.#kept[this.#gone];
    if (oldest == null || oldest.report === null) return;
    const followed = this.#followed.get(oldest.report.sweep);
    if (followed !== undefined) followed.from = Math.max(followed.from, oldest.seq);
    this.#drop(oldest, oldest.report);
    this.#shift();
  }

  #drop(kept: Kept, report: Report): void {
    this.#bytes -= bytesOf(report);
    kept.report = null;
  }

  /** The first that is not yet let go of is where all are looked for. */
  #shift(): void {
    while (this.#kept[this.#gone]?.report === null) this.#gone += 1;
    if (this.#gone * 2 < this.#kept.length) return;
    this.#kept = this.#kept.slice(this.#gone);
    this.#gone = 0;
  }

  #forget(sweep: string): void {
    this.#kept = this.#kept.filter(({ report }) => report !== null && report.sweep !== sweep);
    this.#gone = 0;
    this.#bytes = this.#kept.reduce((sum, { report }) => sum + (report ? bytesOf(report) : 0), 0);
  }

  #firstAfter(seq: number): number {
    let [low, high] = [this.#gone, this.#kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept[middle]?.seq ?? 0) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A report as it is read back: with what fits into one message, which a transcript never does. */
export function asRead(report: Report, bodies: boolean): Report {
  let room = bodies ? BATCH_BYTES : 0;
  const outputs = report.outputs.map((output) => {
    if (output.body.length > room) return withoutBody(output);
    room -= output.body.length;
    return output;
  });
  const { transcript } = report;
  return { ...report, outputs, ...(transcript && { transcript: withoutBody(transcript) }) };
}

export function bytesOf({ outputs }: Report): number {
  return outputs.reduce((sum, { body, stderr }) => sum + body.length + (stderr?.length ?? 0), REPORT_BYTES);
}

function withoutBody(output: Output): Output {
  return { ...output, body: NO_BYTES };
}
