// The figures of one run under chaos: as an object for machines, and as a table for people and for the documents.
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { program, root } from '../process.ts';
import { AGENTS, type Outcome, SEGMENTS } from './chaos.ts';
import { RULES, type Rule } from './checker.ts';

export interface Figures {
  seed: number;
  commit: string;
  versions: Record<string, string>;
  cores: number;
  devices: number;
  agents: number;
  segments: number;
  natsServers: number;
  forks: number;
  /** Measured, or the least that the devices' own slowness allows. */
  faultFreeMs: number;
  faultFreeIs: 'measured' | 'the least possible';
  durationMs: number;
  faults: Record<string, { planned: number; fired: number; inFlight: number; rework: number }>;
  poisonDeaths: number;
  visits: number;
  rework: number;
  inFlight: number;
  /** Rework to what was in flight; 1.0 is the limit. */
  ratio: number;
  refused: number | null;
  repeated: number | null;
  besideStopped: number;
  peaksMiB: Record<string, number>;
  /** How often each rule was found broken. */
  findings: Record<Rule, number>;
}

export function figuresOf(
  outcome: Outcome,
  faultFree: Pick<Figures, 'faultFreeMs' | 'faultFreeIs'>,
): Figures {
  const { options, durationMs, poisoned, visits, rework, inFlight, refused, repeated } = outcome;
  const { seed, devices, natsServers = 1, forks } = options;
  return {
    seed,
    commit: said('git', ['-C', root, 'rev-parse', '--short', 'HEAD']),
    versions: {
      node: process.version,
      'nats-server': said(process.env.NETSWEEP_NATS_SERVER ?? program('nats-server') ?? '', [
        '--version',
      ]).replace(/^nats-server: /, ''),
    },
    cores: availableParallelism(),
    devices,
    agents: AGENTS.length,
    segments: SEGMENTS,
    natsServers,
    forks,
    ...faultFree,
    durationMs: Math.round(durationMs),
    faults: faultsOf(outcome),
    poisonDeaths: poisoned,
    visits,
    rework,
    inFlight,
    ratio: inFlight === 0 ? rework : rework / inFlight,
    refused,
    repeated,
    besideStopped: outcome.besideStopped,
    peaksMiB: Object.fromEntries(
      [...outcome.peaks].map(([kind, bytes]) => [kind, Math.round(bytes / (1 << 20))]),
    ),
    findings: Object.fromEntries(
      RULES.map((rule) => [rule, outcome.findings.filter((finding) => finding.rule === rule).length]),
    ) as Record<Rule, number>, // of all of them
  };
}

function faultsOf({ options: { counts }, faults, byKind }: Outcome): Figures['faults'] {
  const kinds = new Set<string>([...Object.keys(counts), ...faults.map(({ kind }) => kind)]);
  return Object.fromEntries(
    [...kinds].sort().map((kind) => {
      const planned = Object.entries(counts).find(([name]) => name === kind)?.[1] ?? 0;
      const fired = faults.filter((fault) => fault.kind === kind && fault.struck).length;
      return [kind, { planned, fired, ...(byKind.get(kind) ?? { inFlight: 0, rework: 0 }) }];
    }),
  );
}

/** In Markdown. */
export function tableOf(figures: Figures): string {
  const { faults, versions, peaksMiB, refused, repeated } = figures;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(0)} s`;
  const times = (figures.durationMs / figures.faultFreeMs).toFixed(2);
  const told = (count: number | null) => (count === null ? 'not counted' : String(count));
  const rows: [string, string][] = [
    ['seed, commit', `${figures.seed}, ${figures.commit}`],
    [
      'versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    [
      'devices, agents, segments, nats-servers',
      [figures.devices, figures.agents, figures.segments, figures.natsServers].join(', '),
    ],
    ['without a fault', `${seconds(figures.faultFreeMs)} (${figures.faultFreeIs})`],
    ['with the faults below', `${seconds(figures.durationMs)}, ${times} times as long`],
    [
      'findings',
      Object.entries(figures.findings)
        .map(([rule, count]) => `${rule} ${count}`)
        .join(', '),
    ],
    ['visits to devices', String(figures.visits)],
    [
      'visits repeated / in flight at the faults',
      `${figures.rework} / ${figures.inFlight} = ${figures.ratio.toFixed(3)}`,
    ],
    ['late results refused', told(refused)],
    ['results sent twice and taken once', told(repeated)],
    ['visits beside one of a stopped process', String(figures.besideStopped)],
    ['worker deaths by poison devices', String(figures.poisonDeaths)],
    [
      'peak memory in MiB',
      Object.entries(peaksMiB)
        .map(([kind, size]) => `${kind} ${size}`)
        .join(', '),
    ],
  ];
  const kinds = Object.entries(faults).map(
    ([kind, { planned, fired, inFlight, rework }]) =>
      `| ${kind} | ${planned} | ${fired} | ${inFlight} | ${rework} |`,
  );
  return [
    '| figure | value |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    '| fault | planned | fired | in flight | done again |',
    '|---|---|---|---|---|',
    ...kinds,
  ].join('\n');
}

function said(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
