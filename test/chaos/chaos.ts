// One sweep under a schedule of faults: the arena, the client that goes on printing, the driver, and at the end the
// three witnesses brought before the checker. The test and the long run share it.
import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from '../../agent/fleet/fault.ts';
import { type AgentOptions, type Result, readResults } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import type { Netsweep } from '../place.ts';
import { until } from '../process.ts';
import { Arena } from './arena.ts';
import { leaksOf } from './canary.ts';
import { check, type Finding, type Plan, type Verdict } from './checker.ts';
import { drive, type Made } from './driver.ts';
import type { FaultKind } from './faults.ts';
import { schedule } from './schedule.ts';
import { readFleetLog } from './visits.ts';

export interface ChaosOptions {
  seed: number;
  devices: number;
  counts: Partial<Record<FaultKind, number>>;
  forks: number;
  /** From a command to its output, and from the login to the prompt, in ms. */
  commandMs: number;
  promptMs: number;
  pauseMs: [number, number];
  bad?: Partial<Record<Fault, number>>;
  timeoutMs: number;
}

export interface Outcome extends Verdict {
  options: ChaosOptions;
  /** The least that the sweep can take without a fault, in ms. */
  leastMs: number;
  durationMs: number;
  status: number | null;
  faults: Made[];
  planned: number;
  refused: number | null;
  repeated: number | null;
  peaks: Map<string, number>;
  /** Where everything that was said lies; null: there was nothing wrong. */
  folder: string | null;
}

export const COMMAND = 'show version';

const AGENTS: AgentOptions[] = [
  { name: 'one', segments: ['segment-1'] },
  { name: 'two', segments: ['segment-1'] },
  { name: 'three', segments: ['segment-2'] },
  { name: 'four', segments: ['segment-3'] },
];
const SEGMENTS = 3;
const PASSWORD = 'Canary-Fringilla-58';
const SECRET = 'Canary-Spinus-92';
/** Devices answer slowly and processes stand still: only what is planned to fail may. */
const PATIENCE = ['-T', '60', '--login-timeout', '120', '--idle-timeout', '120', '--agent-wait', '600'];
/** Every refused login is planned: none may stop the credential. */
const CARE = ['--auth-fail-max', '1000000', '--yes'];

export async function sweepThroughChaos(options: ChaosOptions): Promise<Outcome> {
  const { seed, devices, counts, forks, commandMs, promptMs, pauseMs, bad = {}, timeoutMs } = options;
  await using arena = await Arena.open({
    devices,
    seed,
    segments: SEGMENTS,
    bad,
    commandMs,
    promptMs,
    platforms: ['cisco_ios', 'arista_eos', 'cisco_xe', 'cisco_nxos'],
    password: PASSWORD,
    secret: SECRET,
    agents: AGENTS,
    pauseMs,
    lookMs: 250,
  });
  const { cluster } = arena;
  const planned = schedule(seed, counts);
  const started = monotonicMs();
  await using run = cluster.start(['--forks', String(forks), ...PATIENCE, ...CARE, COMMAND]);
  const paper = new Paper(run);
  const over = () => run.ended || monotonicMs() - started > timeoutMs;
  const share = () => paper.printedAt.size / devices;
  let faults: Made[] = [];
  try {
    faults = await drive(arena, planned, { share, over });
    if (!run.ended) throw new Error(`not over within ${timeoutMs} ms: ${paper.printedAt.size} printed`);
    const { status } = await run.finished;
    const durationMs = monotonicMs() - started;
    const story = await hear(arena, paper, faults);
    const verdict = check(story);
    const leaks = await leaksOf(arena, run, [PASSWORD, SECRET]);
    const findings = [...verdict.findings, ...leaks];
    const folder = findings.length > 0 ? await keep(arena, run, faults, findings) : null;
    const { refused, repeated } = story;
    return {
      ...verdict,
      findings,
      options,
      leastMs: (devices * (commandMs + promptMs)) / forks,
      durationMs,
      status,
      faults,
      planned: planned.length,
      refused,
      repeated,
      peaks: arena.watch.peaks,
      folder,
    };
  } catch (error) {
    const folder = await keep(arena, run, faults, []);
    throw new Error(`everything that was said lies in ${folder}`, { cause: error });
  }
}

/** What the client prints, as it comes. */
class Paper {
  readonly results: Result[] = [];
  readonly printedAt = new Map<string, number>();
  #rest = '';

  constructor(run: Netsweep) {
    run.onStdout = (text) => this.#add(text);
  }

  #add(text: string): void {
    const end = text.lastIndexOf('\n') + 1;
    if (end === 0) {
      this.#rest += text;
      return;
    }
    const at = monotonicMs();
    for (const result of readResults(this.#rest + text.slice(0, end))) {
      this.results.push(result);
      if (!this.printedAt.has(result.device)) this.printedAt.set(result.device, at);
    }
    this.#rest = text.slice(end);
  }
}

async function hear({ cluster, watch, stops }: Arena, paper: Paper, faults: Made[]) {
  const { fleet, place } = cluster;
  const file = join(fleet.folder, 'events.jsonl');
  const log = await until('every visit has ended', async () => {
    const read = await readFleetLog(file);
    return read.visits.every(({ to }) => to < Infinity) ? read : null;
  });
  const id = paper.results[0]?.sweep ?? '';
  const stored = await place.netsweep(['sweeps', 'results', id, '--format', 'ndjson'], {
    timeoutMs: 300_000,
  });
  const shown = await place.netsweep(['sweeps', 'show', id, '--json']);
  const { counts, refusedResults, repeatedResults } = JSON.parse(shown.stdout) as Shown;
  const selected = fleet.devices.map(
    ({ name, expect }): Plan => ({
      name,
      ending: expect,
      output: (command) => fleet.expected(name, command),
    }),
  );
  return {
    selected,
    commands: [COMMAND],
    printed: paper.results,
    printedAt: paper.printedAt,
    stored: readResults(stored.stdout),
    counts,
    log,
    holder: (visit: (typeof log.visits)[number]) => watch.holder(visit),
    faults,
    stops,
    refused: refusedResults ?? null,
    repeated: repeatedResults ?? null,
  };
}

interface Shown {
  counts: Record<string, number>;
  refusedResults?: number;
  repeatedResults?: number;
}

/** Keeps all that was said, for people. */
async function keep(arena: Arena, run: Netsweep, faults: Made[], findings: Finding[]): Promise<string> {
  const { cluster, lives, stops } = arena;
  const folder = await mkdtemp(join(tmpdir(), 'netsweep-chaos-'));
  const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  await write('coordinator.log', cluster.serve.log);
  await write('nats-server.log', cluster.nats.log);
  for (const [n, { name, program }] of lives.entries())
    await write(`agent-${name}-${n}-${program.pid}.log`, program.log);
  await write('printed.ndjson', run.stdout);
  await write('stderr.log', run.stderr);
  await write('events.jsonl', readFileSync(join(cluster.fleet.folder, 'events.jsonl'), 'utf8'));
  await write('faults.json', JSON.stringify({ faults, stops, deaths: arena.watch.deaths }, null, 1));
  await write('findings.json', JSON.stringify(findings, null, 1));
  return folder;
}

/** For people: what was found wrong, what was done, and how to do it again. */
export function describe(outcome: Outcome, again: string): string {
  const { findings, faults, folder } = outcome;
  const [first = { from: 0 }] = faults;
  const lines = faults.map(
    ({ number, kind, label, from, to }) =>
      `${((from - first.from) / 1000).toFixed(1)} s, for ${((to - from) / 1000).toFixed(1)} s: ${number} ${kind}, ${label}`,
  );
  const wrong = findings.map(({ rule, device, what }) => `${rule}: ${device} ${what}`);
  return [
    ...wrong.slice(0, 40),
    `${wrong.length} findings`,
    ...lines,
    `logs: ${folder}`,
    `again: ${again}`,
  ].join('\n');
}
