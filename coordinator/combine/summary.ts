// A sweep's summary in words: counts that add up, failures by kind, time taken against one after the other.
// Pure; the command line prints it on stderr.

import type { Counts } from '../../proto/gen/netsweep/v1/model.js';
import { type Sweep, SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { label } from '../../proto/label.js';
import { foldNames } from '../nodeset/fold.js';
import type { Tally } from './tally.js';

const NAMES_WIDTH = 200;

export function summaryLines(sweep: Sweep, tally: Tally): string[] {
  return [
    `${countsLine(sweep.counts)}${sweep.state === SweepState.CANCELLED ? ` - ${sweep.reason}` : ''}`,
    ...failureLines(tally),
    ...suspectLines(tally),
    ...noteLines(tally),
    timeLine(sweep),
  ];
}

/** `240 devices: 228 ok, 2 suspect, 10 failed`; zero counts are left out, what is left adds up. */
export function countsLine(counts: Counts | undefined): string {
  if (counts === undefined) return 'no devices';
  const { selected, ...states } = counts;
  const parts = Object.entries(states)
    .filter(([name, count]) => count > 0 || name === 'ok')
    .map(([name, count]) => `${count} ${name}`);
  return `${selected} ${selected === 1 ? 'device' : 'devices'}: ${parts.join(', ')}`;
}

/** One line for each kind: how many, which, and an example of the message. */
export function failureLines(tally: Tally): string[] {
  return tally
    .byFrequency()
    .map(
      ({ kind, names, message }) =>
        `  ${label('KIND', kind).padEnd(18)} ${String(names.length).padStart(5)}  ${shortNames(names)}: ${message}`,
    );
}

/** One line for each command with outputs that are not proved whole. */
export function suspectLines(tally: Tally): string[] {
  const byCommand = new Map<string, string[]>();
  for (const { device, command } of tally.suspects)
    byCommand.set(command, [...(byCommand.get(command) ?? []), device]);
  return [...byCommand].map(([command, names]) => `  not proved whole: "${command}" of ${shortNames(names)}`);
}

/** One line for each note: on how many devices, which. */
export function noteLines(tally: Tally): string[] {
  return [...tally.notes]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(
      ([note, names]) =>
        `  ${'note'.padEnd(18)} ${String(names.length).padStart(5)}  ${shortNames(names)}: ${note}`,
    );
}

/** Folded names, cut where they would fill the screen. */
export function shortNames(names: string[]): string {
  const folded = foldNames(names);
  return folded.length <= NAMES_WIDTH
    ? folded
    : `${folded.slice(0, NAMES_WIDTH)}... (${names.length} devices)`;
}

/** How long it took, and how long one device after the other would have. */
export function timeLine(sweep: Sweep): string {
  const tookMs = (sweep.endedAtMs === 0 ? Date.now() : sweep.endedAtMs) - sweep.startedAtMs;
  const agents = sweep.agents === 0 ? '' : ` with ${sweep.agents} ${sweep.agents === 1 ? 'agent' : 'agents'}`;
  const times = tookMs > 0 ? sweep.deviceTimeMs / tookMs : 1;
  const serial =
    times < 1.05
      ? ''
      : `; one after the other would have taken ${duration(sweep.deviceTimeMs)} (${times.toFixed(times < 10 ? 1 : 0)} times as long)`;
  return `took ${duration(tookMs)}${agents}${serial}`;
}

/** What came after a fault and changed nothing; null: there was none. */
export function lateLine({ refusedResults, repeatedResults }: Sweep): string | null {
  const refused = refusedResults === 0 ? [] : [`${refusedResults} refused because they came too late`];
  const repeated = repeatedResults === 0 ? [] : [`${repeatedResults} that had come before`];
  const parts = [...refused, ...repeated];
  return parts.length === 0 ? null : `results that changed nothing: ${parts.join(', ')}`;
}

/** `850 ms`, `4.2 s`, `6 min 12 s`, `2 h 05 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.round(seconds) % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
