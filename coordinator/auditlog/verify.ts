// Whether an audit log is what was written to it, found out from its files, the public keys that are believed and heads
// that were kept elsewhere. It goes on behind what is wrong, so that the first bad record of every place is named.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEAD_FILE, logFiles, readBeginning, type TextLine, textLines } from './files.js';
import { isSigned, readHead } from './head.js';
import { beginning, chained, type Line, type Place, readLine } from './line.js';

export type Kind = 'edit' | 'deletion' | 'reorder' | 'truncation' | 'restamp' | 'gap';

/** What is wrong, at the first record that shows it. */
export interface Finding {
  file: string;
  /** From 1. */
  line: number;
  kind: Kind;
  message: string;
}

/** A head that was kept elsewhere: the log must have this record, with this value of the chain. */
export interface Anchor extends Place {
  /** Where it was kept, in words. */
  from: string;
}

export interface Verified {
  findings: Finding[];
  notes: string[];
  files: number;
  records: number;
  /** Records by what they are of. */
  acts: Record<string, number>;
  first: number;
  last: number;
  /** Records that the store never committed, or has lost. */
  unknown: number;
}

export interface VerifyOptions {
  /** The log's own. */
  directory: string;
  /** Whose heads are believed, in base64url. */
  publicKeys: readonly string[];
  anchors: readonly Anchor[];
}

/** Nobody reads on after so many. */
const FINDINGS_MOST = 100;

export async function verify(options: VerifyOptions): Promise<Verified> {
  const reading = new Reading(options);
  for (const file of logFiles(options.directory))
    for await (const line of textLines(join(options.directory, file))) reading.line(file, line);
  return reading.end();
}

/** The head that lies beside a log, or what is wrong with it; null: there is none. */
export function headBeside(directory: string): Anchor | string | null {
  const path = join(directory, HEAD_FILE);
  if (!existsSync(path)) return null;
  const line = readLine(readFileSync(path, 'utf8').trim());
  if (line === null || readHead(line) === null) return `${path} holds no head of an audit log`;
  return { n: line.n, chain: line.chain, from: path };
}

/** Where a line stands. */
interface At {
  file: string;
  line: number;
}

class Reading {
  readonly #result: Verified = {
    findings: [],
    notes: [],
    ...{ files: 0, records: 0, acts: {}, first: 0, last: 0, unknown: 0 },
  };
  #at: At = { file: '', line: 0 };
  #store = '';
  /** The record that was read last, with the chain as it stands there. */
  #place: Place = { n: 0, chain: '' };
  /** The last head, and where its line ended. */
  #head = { n: 0, chain: '', file: '', bytes: 0 };
  /** The first line behind it. */
  #open: (At & { n: number }) | null = null;
  /** Since that head something was found wrong. */
  #isTainted = false;
  /** A line that is no record: cut by a crash, if nothing comes behind it. */
  #garbage: At | null = null;
  /** Records that were not where they belong, each with what was said of it. */
  readonly #missing = new Map<number, Finding>();
  /** Not yet met, by their record. */
  readonly #anchors = new Map<number, Anchor[]>();
  /** What the oldest file follows; null: it is the first. */
  #removedTo: number | null = null;
  readonly #removals = new Set<number>();

  constructor(private readonly options: VerifyOptions) {
    for (const anchor of options.anchors)
      this.#anchors.set(anchor.n, [...(this.#anchors.get(anchor.n) ?? []), anchor]);
  }

  line(file: string, { text, number, end, isWhole }: TextLine): void {
    this.#at = { file, line: number };
    const line = isWhole ? readLine(text) : null;
    if (number === 1) this.#begin(line);
    if (line === null) {
      this.#garbage ??= this.#at;
      this.#open ??= { ...this.#at, n: this.#place.n + 1 };
      return;
    }
    if (this.#garbage !== null) this.#find('edit', 'is no record of an audit log', this.#garbage);
    this.#garbage = null;
    this.#record(line, end);
  }

  end(): Verified {
    const result = this.#result;
    if (this.#open !== null) this.#leaveOpen(this.options.anchors.some((anchor) => this.#isHead(anchor)));
    if (this.#removedTo !== null && !this.#removals.has(this.#removedTo)) {
      const message = `records up to ${this.#removedTo} are missing, and no record says that they were removed for their age`;
      result.findings.unshift({
        file: logFiles(this.options.directory)[0] ?? '',
        line: 1,
        kind: 'deletion',
        message,
      });
    }
    result.last = this.#head.n;
    for (const { n, from } of [...this.#anchors.values()].flat()) {
      if (n < result.first) continue; // of a file that is gone
      const ends = result.records === 0 ? 'there is no record' : `the log ends with record ${this.#place.n}`;
      this.#push('truncation', `${ends}, but ${from} knows record ${n}: its end was cut off`);
    }
    return result;
  }

  #record(line: Line, end: number): void {
    const result = this.#result;
    result.records += 1;
    result.acts[line.act] = (result.acts[line.act] ?? 0) + 1;
    result.first ||= line.n;
    this.#compare(line);
    if (line.act === 'removed') this.#removals.add(Number(/"to":(\d+)/.exec(line.text)?.[1]));
    this.#open ??= { ...this.#at, n: line.n };
    if (line.act === 'head') this.#signed(line, end);
    this.#place = { n: line.n, chain: line.chain };
    for (const anchor of this.#anchors.get(line.n) ?? [])
      if (anchor.chain !== line.chain)
        this.#push('restamp', `record ${line.n} is not the one that ${anchor.from} knows`);
    this.#anchors.delete(line.n);
  }

  /** Whether a record goes on from the one before it. */
  #compare(line: Line): void {
    const wanted = this.#place.n + 1;
    if (line.n === wanted) {
      if (line.chain !== chained(this.#place.chain, line.text))
        this.#find('edit', `record ${line.n}, or what stood before it, was changed`);
      return;
    }
    const early = this.#missing.get(line.n);
    if (early !== undefined) {
      // It stands elsewhere: where it was missed another one stands in its place.
      this.#missing.delete(line.n);
      early.kind = 'reorder';
      early.message = `record ${line.n} belongs here, and stands at ${this.#at.file}:${this.#at.line}`;
      this.#isTainted = true;
    } else if (line.n < wanted)
      this.#find('reorder', `record ${line.n} stands where record ${wanted} belongs`);
    else this.#skipped(wanted, line.n - 1);
  }

  #skipped(from: number, to: number): void {
    const which = from === to ? `record ${from} is` : `records ${from} to ${to} are`;
    const finding = this.#find('deletion', `${which} missing before it`);
    for (let n = from; n <= to && n - from < FINDINGS_MOST; n += 1) this.#missing.set(n, finding);
  }

  #signed(line: Line, end: number): void {
    const key = readHead(line)?.key ?? '';
    const isBelieved = this.options.publicKeys.includes(key);
    if (!this.#isTainted && !(isBelieved && isSigned(line, this.#place.chain, this.#store))) {
      const from = this.#open ?? { ...this.#at, n: line.n };
      const why = isBelieved ? 'not what the key has signed' : `signed by another key (${key})`;
      this.#push('restamp', `records ${from.n} to ${line.n} are ${why}`, from);
    }
    this.#open = null;
    this.#isTainted = false;
    this.#head = { n: line.n, chain: line.chain, file: this.#at.file, bytes: end };
  }

  /** The first line of a file says which one it follows. */
  #begin(line: Line | null): void {
    const isFirst = this.#result.files === 0;
    this.#result.files += 1;
    const begun = line === null ? null : readBeginning(line);
    if (begun === null) {
      this.#find('deletion', 'the record that each file begins with is missing');
      return;
    }
    const { follows, unknown, gap, store } = begun;
    if (isFirst) this.#removedTo = follows?.n ?? null;
    else this.#follow(follows);
    if (unknown !== undefined) this.#result.unknown += unknown.to - unknown.from + 1;
    if (gap !== undefined)
      this.#push(
        'gap',
        `when it was begun the log ended with record ${follows?.n ?? 0}, and the store knew record ${gap.n}`,
      );
    this.#store = store;
    const chain = follows?.chain ?? gap?.chain ?? beginning(store).chain;
    this.#place = { n: Math.max(follows?.n ?? 0, gap?.n ?? 0), chain };
    this.#open = null;
    this.#garbage = null;
    this.#isTainted = false;
  }

  /** What stands behind the last head of the file before is not of the log, if this one says so. */
  #follow(follows: (Place & { file: string; bytes: number }) | null): void {
    const { n, chain, file, bytes } = this.#head;
    if (follows === null)
      this.#find('deletion', `it says that it is the first, but ${file} stands before it`);
    else if (follows.file !== file && follows.n > n)
      this.#find('deletion', `it follows ${follows.file}, but ${file} stands before it`);
    else if (follows.n > n)
      this.#find('truncation', `it follows record ${follows.n}, but ${file} ends with record ${n}`);
    else if (!this.#isHead(follows) || follows.file !== file || follows.bytes !== bytes)
      this.#find(
        'edit',
        `it follows record ${follows.n} of ${follows.file}, but record ${n} of ${file} with another chain stands before it`,
      );
    else if (this.#open !== null) this.#leaveOpen(true);
    else if (chain === '') this.#find('edit', `there is no head in ${file}`);
  }

  #isHead({ n, chain }: Place): boolean {
    return n === this.#head.n && chain === this.#head.chain;
  }

  /** Lines behind the last head; `isKnown`: somebody else says that it is the last. */
  #leaveOpen(isKnown: boolean): void {
    if (this.#open === null) return;
    const { file, line } = this.#open;
    const about = `what stands behind record ${this.#head.n} is signed by nobody`;
    if (isKnown) this.#result.notes.push(`${file}:${line}: ${about}: it was begun and not finished`);
    else this.#push('restamp', about, this.#open);
  }

  #find(kind: Kind, message: string, at: At = this.#at): Finding {
    this.#isTainted = true;
    return this.#push(kind, message, at);
  }

  #push(kind: Kind, message: string, { file, line }: At = this.#at): Finding {
    const finding = { file, line, kind, message };
    if (this.#result.findings.length < FINDINGS_MOST) this.#result.findings.push(finding);
    return finding;
  }
}
