// What is told of a run or a backup: how many devices ended how, which of them failed, and what became a commit.
import { Counts } from '../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../proto/gen/netsweep/v1/sweeps.js';
import { label } from '../../proto/label.js';
import type { BackupResult } from '../backup/backup.js';
import { countsLine, shortNames } from '../combine/summary.js';
import { type Tally, type Tolerance, tolerated } from '../combine/tally.js';
import type { Occasion } from './occasion.js';

/** Devices that are named for each kind of failure; of the others there is the number. */
const MOST_NAMED = 50;

interface SweepNotice {
  notice: 1;
  /** ISO 8601. */
  at: string;
  subject: string;
  sweep: string;
  /** Of the devices, by how they ended. */
  counts: Omit<Counts, 'running' | 'waiting'>;
  /** Why the sweep ended before its devices; null: it did not. */
  reason: string | null;
  /** Devices that did not end ok and are not tolerated. */
  failing: number;
  failures: { kind: string; count: number; first: string[] }[];
  /** Devices with outputs that are not proved whole. */
  suspect: { count: number; first: string[] };
}

export interface RunNotice extends SweepNotice {
  kind: 'run';
}

export interface BackupNotice extends SweepNotice {
  kind: 'backup';
  /** Null: nothing had changed. */
  commit: string | null;
  /** One line about the files. */
  summary: string;
  /** What git would not do; null: nothing. */
  error: string | null;
}

export interface SweepFigures {
  sweep: Sweep;
  tally: Tally;
  tolerance: Tolerance | null;
}

export function runNotice(figures: SweepFigures): RunNotice {
  return { ...headOf('run', figures, `run: ${countsLine(figures.sweep.counts)}`), ...bodyOf(figures) };
}

export function backupNotice(
  figures: SweepFigures,
  { commit, summary }: Pick<BackupResult, 'commit' | 'summary'>,
  error: string | null,
): BackupNotice {
  const wrong = error === null ? '' : '; git failed';
  const subject = `backup: ${summary}; ${countsLine(figures.sweep.counts)}${wrong}`;
  const about = { commit: commit || null, summary, error };
  return { ...headOf('backup', figures, subject), ...about, ...bodyOf(figures) };
}

/** `changes`: a run has no earlier one to be compared with; a backup has changed something with each commit. */
export function isSweepDue(notice: RunNotice | BackupNotice, occasion: Occasion): boolean {
  const isWrong = notice.failing > 0 || notice.reason !== null;
  if (occasion === 'always' || isWrong) return true;
  if (notice.kind === 'run') return false;
  return notice.error !== null || (occasion === 'changes' && notice.commit !== null);
}

/** For people, below the subject. */
export function sweepLines(notice: RunNotice | BackupNotice): string[] {
  const { at, sweep, counts, reason, failures, suspect } = notice;
  return [
    `${at}, sweep ${sweep}`,
    countsLine({ ...counts, running: 0, waiting: 0 }),
    ...(reason === null ? [] : [`ended early: ${reason}`]),
    ...failures.map(({ kind, ...some }) => `  ${kind}: ${named(some)}`),
    ...(suspect.count > 0 ? [`  not proved whole: ${named(suspect)}`] : []),
    ...(notice.kind === 'backup' ? backupLines(notice) : []),
  ];
}

function backupLines({ commit, error }: BackupNotice): string[] {
  return [
    commit === null ? 'nothing has changed, no commit' : `commit ${commit}`,
    ...(error === null ? [] : [error]),
  ];
}

function named({ count, first }: { count: number; first: string[] }): string {
  const more = count - first.length;
  return `${shortNames(first)}${more > 0 ? ` and ${more} more` : ''}`;
}

function headOf<K extends 'run' | 'backup'>(kind: K, { sweep }: SweepFigures, subject: string) {
  const { running: _, waiting: __, ...counts } = Counts.create(sweep.counts);
  const at = new Date(sweep.endedAtMs || Date.now()).toISOString();
  return { notice: 1 as const, kind, at, subject, sweep: sweep.id, counts };
}

function bodyOf({ sweep, tally, tolerance }: SweepFigures) {
  const suspects = [...new Set(tally.suspects.map(({ device }) => device))];
  return {
    reason: sweep.reason || null,
    failing: tolerated(tally, tolerance).left,
    failures: tally.byFrequency().map(({ kind, names }) => ({ kind: label('KIND', kind), ...some(names) })),
    suspect: some(suspects),
  };
}

function some(names: string[]): { count: number; first: string[] } {
  const sorted = names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return { count: names.length, first: sorted.slice(0, MOST_NAMED) };
}
