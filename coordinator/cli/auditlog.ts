// `netsweep auditlog show`: who did what, when and on which device, from the files of the audit log.
import { devicesOf, doerOf, type Found, logsIn, search, type Wanted } from '../auditlog/search.js';
import { globTest } from '../inventory/glob.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import type { AUDITLOG } from './settings.js';
import { Sink } from './sink.js';
import { harmlessLine, painter } from './terminal.js';

/** Of the columns before the last; what is longer moves the rest of its line. */
const WIDTHS = [19, 12, 16, 16, 12];
const TITLES = ['TIME', 'WHO', 'ACT', 'DEVICE', 'SWEEP', 'WHAT'];
/** Told in columns of their own, or to nobody but the chain. */
const IN_COLUMNS = new Set(['n', 'at', 'act', 'who', 'by', 'enrolledBy', 'device', 'sweep']);
/** Beginning of a sweep's id: enough to name it. */
const SWEEP_SHOWN = 12;

export async function showAuditLog({ values, stop }: Call<typeof AUDITLOG>): Promise<ExitCode> {
  const { state, json, last } = values;
  const logs = logsIn(state);
  if (logs.length === 0) throw new UsageError(`there is no audit log in ${state}`);
  const sweep = values.sweep === 'last' ? await lastSweep(logs) : values.sweep;
  const wanted: Wanted = {
    ...{ sweep, acts: values.act.flatMap((text) => text.split(',')), by: values.by },
    device: values.devices === null ? null : globTest(values.devices),
    sinceMs: values.since ?? Number.NEGATIVE_INFINITY,
    untilMs: values.until ?? Number.POSITIVE_INFINITY,
  };
  const sink = new Sink({
    stream: process.stdout,
    isTerminal: process.stdout.isTTY === true,
    paint: painter(false, true, process.env),
    beforeWrite: () => undefined,
  });
  const write = (found: Found) => sink.write(`${json ? JSON.stringify(found) : rowOf(cellsOf(found))}\n`);
  if (!json) await sink.write(`${rowOf(TITLES)}\n`);
  /** The newest, where not all are wanted. */
  const kept: Found[] = [];
  for (const log of logs)
    for await (const found of search(log, wanted)) {
      stop.throwIfAborted();
      if (last === null) await write(found);
      else if (kept.push(found) > last) kept.shift();
    }
  for (const found of kept) await write(found);
  await sink.end();
  return EXIT.ok;
}

/** Of all logs the one that was submitted last. */
async function lastSweep(logs: string[]): Promise<string> {
  let newest: Found | null = null;
  const submits = { device: null, sweep: null, acts: ['submit'], by: null };
  for (const log of logs)
    for await (const found of search(log, {
      ...submits,
      sinceMs: Number.NEGATIVE_INFINITY,
      untilMs: Infinity,
    }))
      if (newest === null || found.at >= newest.at) newest = found;
  if (newest === null) throw new UsageError('--sweep last: no sweep was submitted yet');
  return String(newest.sweep);
}

function rowOf(cells: readonly string[]): string {
  return cells
    .map((cell, at) => cell.padEnd(WIDTHS[at] ?? 0))
    .join('  ')
    .trimEnd();
}

function cellsOf(found: Found): string[] {
  const devices = devicesOf(found);
  const device = devices.length > 1 ? `${devices[0]} and ${devices.length - 1}` : (devices[0] ?? '-');
  return [
    found.at.slice(0, 19).replace('T', ' '),
    doerOf(found),
    found.act,
    device,
    typeof found.sweep === 'string' ? found.sweep.slice(0, SWEEP_SHOWN) : '-',
    whatOf(found),
  ].map(harmlessLine);
}

/** What a person asks for first; all of it is in the JSON. */
function whatOf(found: Found): string {
  const { act, status, failure, outputs, devices, commands } = found;
  if (act === 'lease') return `to agent ${found.agent}`;
  if (act === 'submit') return `${devices} devices: ${commandsIn(commands).join('; ')}`;
  if (act === 'attempt' || act === 'no-attempt')
    return [String(status), ...failureIn(failure), ...outputsIn(outputs)].join('; ');
  const rest = Object.entries(found).filter(([name]) => !IN_COLUMNS.has(name) && name !== 'devices');
  return rest.map(([name, value]) => `${name}=${textOf(value)}`).join(' ');
}

/** Each once, of all platforms. */
function commandsIn(lists: unknown): string[] {
  const all = listOf(lists).flatMap(({ commands }) => (Array.isArray(commands) ? commands : []));
  return [...new Set(all.map(String))];
}

function failureIn(failure: unknown): string[] {
  const [one] = listOf([failure]);
  return one === undefined ? [] : [`${one.kind} at ${one.stage}: ${one.message}`];
}

function outputsIn(outputs: unknown): string[] {
  return listOf(outputs).map(({ command, status, bytes }) =>
    status === 'complete' ? `${command} (${bytes} bytes)` : `${command} (${status})`,
  );
}

function listOf(values: unknown): Record<string, unknown>[] {
  return Array.isArray(values) ? values.filter((one) => typeof one === 'object' && one !== null) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
