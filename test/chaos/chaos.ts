// One sweep under a schedule of faults: the arena, the client that goes on printing, the driver, and at the end the
// three witnesses brought before the checker. The test and the long run share it.
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from '../../agent/fleet/fault.ts';
import { type FleetPlatform, planFleet } from '../../agent/fleet/plan.ts';
import { type AgentOptions, type Result, readResults } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import type { Netsweep } from '../place.ts';
import { until } from '../process.ts';
import type { SmallDisk } from '../smalldisk.ts';
import { Arena } from './arena.ts';
import { leaksOf } from './canary.ts';
import { check, type Finding, type Plan, type Story, type Verdict } from './checker.ts';
import { armed, choosePoison, deathsOf, poisonedBy, unexplained } from './deaths.ts';
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
  timeoutMs: number;
  bad?: Partial<Record<Fault, number>>;
  /** Devices that make every worker die that works on them. */
  poison?: number;
  proxied?: boolean;
  natsServers?: 1 | 3;
  disk?: SmallDisk;
  /** Told now and then how far it is. */
  onProgress?: (text: string) => void;
}

export interface Outcome extends Verdict {
  options: ChaosOptions;
  durationMs: number;
  status: number | null;
  /** Of the driver's, and workers that died without it. */
  faults: Made[];
  /** Sessions of poison devices that made their worker die. */
  poisoned: number;
  /** As the coordinator counts them; null: it does not. */
  refused: number | null;
  repeated: number | null;
  /** Of each kind of process, in bytes. */
  peaks: Map<string, number>;
  /** Where everything that was said lies, if there was something wrong; else removed. */
  folder: string;
}

export const COMMAND = 'show version';
export const AGENTS: AgentOptions[] = [
  { name: 'one', segments: ['segment-1'], workers: 2 },
  { name: 'two', segments: ['segment-1'], workers: 2 },
  { name: 'three', segments: ['segment-2'], workers: 2 },
  { name: 'four', segments: ['segment-3'], workers: 2 },
];
export const SEGMENTS = 3;

const PLATFORMS: FleetPlatform[] = ['cisco_ios', 'arista_eos', 'cisco_xe', 'cisco_nxos'];
const PASSWORD = 'Canary-Fringilla-58';
const SECRET = 'Canary-Spinus-92';
/** Devices answer slowly and processes stand still: only what is planned to fail may. */
const PATIENCE = ['-T', '60', '--login-timeout', '120', '--idle-timeout', '120', '--agent-wait', '600'];
/** Every refused login is planned: none may stop the credential. */
const CARE = ['--auth-fail-max', '1000000', '--yes'];
const LOOK_MS = 250;
const TELL_MS = 60_000;
const QUIET_MS = 60_000;
/** All that was said is kept even when nothing was wrong. */
const KEEP = process.env.KEEP === '1';

export async function sweepThroughChaos(options: ChaosOptions): Promise<Outcome> {
  const { seed, devices, forks, timeoutMs, poison = 0, bad = {}, counts } = options;
  const fleet = { devices, seed, segments: SEGMENTS, bad, platforms: PLATFORMS };
  const poisonous = poison === 0 ? [] : choosePoison(planFleet(fleet), seed, poison);
  const files = await mkdtemp(join(tmpdir(), 'netsweep-chaos-'));
  const failpoints = join(files, 'failpoints.log');
  const env = poison === 0 ? {} : armed(poisonous, failpoints);
  await using arena = await Arena.open({
    ...options,
    ...fleet,
    password: PASSWORD,
    secret: SECRET,
    agents: AGENTS.map((agent) => ({ ...agent, env })),
    natsServers: options.natsServers ?? 1,
    lookMs: LOOK_MS,
  });
  const started = monotonicMs();
  await using run = arena.cluster.start(['--forks', String(forks), ...PATIENCE, ...CARE, COMMAND]);
  const paper = new Paper(run);
  const over = () => run.ended || monotonicMs() - started > timeoutMs;
  const share = () => paper.printedAt.size / devices;
  const faults: Made[] = [];
  const planned = schedule(seed, counts);
  const telling = setInterval(() => {
    const minutes = ((monotonicMs() - started) / 60_000).toFixed(0);
    const done = `${paper.printedAt.size} of ${devices} devices, ${faults.length} of ${planned.length} faults`;
    options.onProgress?.(`${minutes} min: ${done}`);
  }, TELL_MS);
  try {
    await drive(arena, planned, { share, over }, faults);
    if (!run.ended) throw new Error(`not over within ${timeoutMs} ms: ${paper.printedAt.size} printed`);
    const { status } = await run.finished;
    const durationMs = monotonicMs() - started;
    const poisoned = poisonedBy(failpoints);
    const { refused, repeated, ...story } = await hear(arena, paper, faults, poisonous);
    const deaths = deathsOf(arena, faults, poisoned);
    faults.push(...deaths);
    const verdict = check(story);
    const leaks = await leaksOf(arena, run, [PASSWORD, SECRET]);
    const findings = [...verdict.findings, ...leaks, ...deaths.flatMap((death) => unexplained(arena, death))];
    if (findings.length > 0 || KEEP) await keep(files, arena, run, faults, findings);
    else await rm(files, { recursive: true });
    return {
      ...verdict,
      findings,
      options,
      durationMs,
      status,
      faults,
      poisoned: poisoned.size,
      refused,
      repeated,
      peaks: arena.watch.peaks,
      folder: files,
    };
  } catch (error) {
    await keep(files, arena, run, faults, []);
    throw new Error(`everything that was said lies in ${files}`, { cause: error });
  } finally {
    clearInterval(telling);
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
    const whole = end === 0 ? '' : this.#rest + text.slice(0, end);
    this.#rest = end === 0 ? this.#rest + text : text.slice(end);
    const at = monotonicMs();
    for (const result of readResults(whole)) {
      this.results.push(result);
      if (!this.printedAt.has(result.device)) this.printedAt.set(result.device, at);
    }
  }
}

interface Shown {
  counts: Record<string, number>;
  refusedResults?: number;
  repeatedResults?: number;
}

/** The witnesses' stories. */
async function hear(
  { cluster, watch, stops }: Arena,
  { results, printedAt }: Paper,
  faults: Made[],
  poisonous: string[],
): Promise<Story & { refused: number | null; repeated: number | null }> {
  const { fleet, place } = cluster;
  const log = await until(
    'every visit has ended',
    async () => {
      const read = await readFleetLog(join(fleet.folder, 'events.jsonl'));
      return read.visits.every(({ to }) => to < Infinity) ? read : null;
    },
    QUIET_MS,
  );
  const id = results[0]?.sweep ?? '';
  const ask = (...words: string[]) => place.netsweep(['sweeps', ...words], { timeoutMs: 300_000 });
  const stored = await ask('results', id, '--format', 'ndjson');
  const shown = await ask('show', id, '--json');
  const { counts, refusedResults, repeatedResults } = JSON.parse(shown.stdout) as Shown;
  const selected = fleet.devices.map(
    ({ name, expect }): Plan => ({
      name,
      ending: poisonous.includes(name) ? 'worker-lost' : expect,
      output: (command) => fleet.expected(name, command),
    }),
  );
  return {
    selected,
    commands: [COMMAND],
    printed: results,
    printedAt,
    stored: readResults(stored.stdout),
    counts,
    log,
    holder: (visit) => watch.holder(visit),
    faults,
    stops,
    refused: refusedResults ?? null,
    repeated: repeatedResults ?? null,
  };
}

/** Keeps all that was said, for people. */
async function keep(folder: string, arena: Arena, run: Netsweep, faults: Made[], findings: Finding[]) {
  const { cluster, lives, stops, watch } = arena;
  const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  await write('coordinator.log', cluster.serve.log);
  for (const [n, { log }] of arena.natsServers.entries()) await write(`nats-server-${n + 1}.log`, log);
  for (const [n, { name, program }] of lives.entries())
    await write(`agent-${name}-${n}-${program.pid}.log`, program.log);
  await write('printed.ndjson', run.stdout);
  await write('stderr.log', run.stderr);
  await copyFile(join(cluster.fleet.folder, 'events.jsonl'), join(folder, 'events.jsonl'));
  await write('faults.json', JSON.stringify({ faults, stops, deaths: watch.deaths }, null, 1));
  await write('findings.json', JSON.stringify(findings, null, 1));
}

/** For people: what was found wrong, what was done, and how to do it again. */
export function describe({ findings, faults, folder }: Outcome, again: string): string {
  const [first = { from: 0 }] = faults;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const lines = faults.map(
    ({ number, kind, label, from, to, struck }) =>
      `${seconds(from - first.from)}, for ${seconds(to - from)}: ${number} ${kind}, ${label}${struck ? '' : ', felt by nobody'}`,
  );
  const wrong = findings.map(({ rule, device, what }) => `${rule}: ${device} ${what}`);
  const shown = [...wrong.slice(0, 40), `${wrong.length} findings`];
  return [...shown, ...lines, `all that was said: ${folder}`, `again: ${again}`].join('\n');
}
