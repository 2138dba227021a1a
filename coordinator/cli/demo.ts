// `npm start` without arguments: the rehearsal fleet with misbehaving devices among it, swept by three agents
// on this machine and told to somebody who sees it for the first time. It proves itself, for the fleet says
// beforehand how each device must end. Settings from outside are ignored.
import { Proof, type Report, Status } from '../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../proto/gen/netsweep/v1/sweeps.js';
import { endingOf, surprises } from '../combine/endings.js';
import { firstLines, prefixed } from '../combine/lines.js';
import type { ReadOutput } from '../combine/result.js';
import { countsLine, failureLines, shortNames, suspectLines, timeLine } from '../combine/summary.js';
import { Tally } from '../combine/tally.js';
import { fallbacks } from '../config.js';
import type { Connection } from '../connect.js';
import type { Entry, ReadyEntry } from '../inventory/inventory.js';
import { bodyReader } from './body.js';
import { EXIT, type ExitCode } from './exit.js';
import { follow } from './follow.js';
import { parseKeys } from './hostkeys.js';
import { openLink } from './link.js';
import { Screen } from './output.js';
import { NONE_OWN } from './platforms.js';
import { plan, resolve, select } from './prepare.js';
import { Rehearsal } from './rehearsal.js';
import { ask } from './rpc.js';
import { sweepOptions } from './run.js';
import { RUN } from './settings.js';
import { submit } from './submit.js';

const DEVICES = 240;
const AGENTS = 3;
/** How many devices misbehave, and how; the fleet explains the words (`netsweep fleet --help`). */
const BAD = {
  refuse: 4,
  'hang-banner': 3,
  'host-key': 3,
  'drop-login': 2,
  auth: 2,
  'hang-prompt': 2,
  enable: 2,
  'hang-output': 2,
  'drop-output': 3,
  'cli-error': 2,
  'no-end': 2,
  slow: 4,
};
/** Short enough that a demonstration with silent devices in it ends soon. */
const LIMITS = {
  connectTimeout: 3_000,
  loginTimeout: 5_000,
  idleTimeout: 4_000,
  retries: 1,
  deadline: 60_000,
};
const SHOWN_LINES = 8;

export async function runDemo(stop: AbortSignal): Promise<ExitCode> {
  const values = { ...fallbacks(RUN), ...LIMITS, authFailMax: 10, agents: AGENTS };
  const screen = new Screen(values);
  const tell = async (...lines: string[]) => {
    await screen.sink.write(`${lines.join('\n')}\n`);
    await screen.sink.flush();
  };
  await tell(
    `netsweep, a rehearsal: ${DEVICES} simulated devices on this machine's loopback addresses, each behind real SSH.`,
    `${badCount()} of them misbehave on purpose: ${Object.keys(BAD).join(', ')}.`,
    'Nothing outside this machine is touched, and nothing is kept.',
    '',
  );
  await using rehearsal = await Rehearsal.open(fleetOptions(), stop);
  const { inventory, state } = rehearsal;
  const swept = { ...values, inventory: [inventory], state, platforms: NONE_OWN };
  const selected = await select(swept);
  const { entries } = selected;
  const [first] = entries;
  await tell(
    `The fleet is up (${first?.host}:${first?.port} and onwards) in ${new Set(entries.map(({ segment }) => segment)).size} segments.`,
    `Starting a coordinator, a NATS server and ${AGENTS} agents, one for each segment, then reading every device's`,
    'configuration - with one login each, all at once:',
    '',
  );
  const options = sweepOptions(swept);
  const planned = plan(selected, { commands: [], values: swept, options });
  await using link = await openLink(swept, stop, 'pool');
  await acceptOlderKeys(link, entries);
  const header = { key: rehearsal.state, client: link.client, options, agents: AGENTS, workers: 0 };
  const credentials = await resolve(selected, planned, stop);
  const id = await submit(link, { header, devices: planned.devices, credentials }, stop);
  const told = new Told();
  const sweep = await follow(
    link,
    {
      sweep: id,
      bodies: false,
      onReports: async (reports) => {
        for (const report of reports) told.add(report);
      },
      onProgress: (progress) => screen.progress.update(progress),
    },
    stop,
  );
  screen.progress.clear();
  await tell(...summary(sweep, told.tally));
  await showSamples(screen, bodyReader(link, stop), told.samples);
  return verdict(entries, told, tell);
}

/** What the demonstration keeps of the reports. */
class Told {
  readonly tally = new Tally();
  readonly endings = new Map<string, string>();
  /** One device of each platform. */
  readonly samples = new Map<string, Report>();

  add(report: Report): void {
    const { device, status } = report;
    if (device === undefined) return;
    this.tally.add(report);
    this.endings.set(device.name, endingOf(report));
    if (status === Status.OK && !this.samples.has(device.platform)) this.samples.set(device.platform, report);
  }
}

function fleetOptions(): string[] {
  const bad = Object.entries(BAD).flatMap(([kind, count]) => ['--bad', `${kind}=${count / DEVICES}`]);
  return [
    ...['--devices', String(DEVICES), '--segments', String(AGENTS), '--port', '0', '--names', 'platform'],
    ...[
      '--platforms',
      'cisco_ios,cisco_xe,cisco_nxos,cisco_xr,arista_eos,juniper_junos,frr,linux',
      '--config-lines',
      '150',
    ],
    ...['--prompt-latency', '300', '--command-latency', '600', '--jitter', '50', '--slow', '1500'],
    ...bad,
  ];
}

function badCount(): number {
  return Object.values(BAD).reduce((sum, count) => sum + count, 0);
}

/** Some devices have changed their host key; for that to be noticed the older one must be known. */
async function acceptOlderKeys({ sweeps }: Connection, entries: readonly ReadyEntry[]): Promise<void> {
  for (const { segment, host, port, data } of entries)
    for (const key of parseKeys(String(data.known_host_key ?? '')))
      await ask(sweeps.acceptHostKey.bind(sweeps), {
        segment,
        jump: '',
        host,
        port,
        ...key,
        firstSeenMs: 0,
        agent: '',
      });
}

function summary(sweep: Sweep, tally: Tally): string[] {
  return [
    countsLine(sweep.counts),
    timeLine(sweep),
    '',
    'What failed, by kind:',
    ...failureLines(tally),
    ...suspectLines(tally),
    '',
  ];
}

async function showSamples(
  { sink }: Screen,
  read: ReadOutput,
  samples: ReadonlyMap<string, Report>,
): Promise<void> {
  await sink.write('A few of the outputs, their first lines:\n');
  for (const { device, outputs } of samples.values()) {
    const output = outputs.find(({ proof }) => proof === Proof.COMPLETE);
    if (device === undefined || output === undefined) continue;
    await sink.write(`\n${device.name} (${device.platform}, ${device.segment}): ${output.command}\n`);
    const more = `... (${output.bytes} bytes in all)\n`;
    const lines = prefixed(firstLines(read(output), SHOWN_LINES, more), '    ');
    for await (const piece of lines) await sink.write(piece);
  }
  await sink.write('\n');
}

async function verdict(
  entries: Entry[],
  told: Told,
  tell: (...lines: string[]) => Promise<void>,
): Promise<ExitCode> {
  const expected = new Map(entries.map(({ name, data }) => [name, String(data.expect ?? 'ok')]));
  const wrong = surprises(expected, told.endings);
  if (wrong.length === 0) {
    await tell(
      `As planned: all ${expected.size} devices ended exactly as the fleet had set them up to end.`,
      'Your own devices: npm start -- -i INVENTORY "show version"',
    );
    return EXIT.ok;
  }
  await tell(
    `Not as planned: ${wrong.length} of ${expected.size} devices (${shortNames(wrong.map(({ device }) => device))})`,
    ...wrong.map(
      ({ device, expected: wanted, ended }) => `  ${device}: expected ${wanted}, ended ${ended ?? 'never'}`,
    ),
  );
  return EXIT.failures;
}
