// One device: how long a person waits, beside OpenSSH's own client.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Measured, measure } from '../account/account.ts';
import { type Bench, openFleet, type Scenario } from '../bench.ts';
import { Cluster } from '../cluster.ts';
import { passwordLogin } from '../openssh.ts';
import { built, program } from '../place.ts';
import { COMMAND, runOurs, type Work, written } from '../programs.ts';
import { type Goal, type Section, short, type Table } from '../report.ts';
import { type Contender, contender, interleave, least, median } from '../rounds.ts';

const TIMEOUT_MS = 60_000;
/** Waiting is short, so more rounds cost little. */
const ROUNDS_EACH = 4;

export const one: Scenario = {
  about: 'one device beside ssh: self-contained, against a running coordinator; and --help',
  run,
};

async function run(bench: Bench): Promise<Section> {
  const { options, folder, stop, say } = bench;
  await using fleet = await openFleet(bench, { devices: 1, promptMs: 0, commandMs: 0 });
  await using cluster = await Cluster.open({ agents: 1, workers: 1, forks: 10 }, folder, stop);
  const work = { devices: fleet.devices.slice(0, 1), atOnce: 1, folder, stop };
  const state = await mkdtemp(join(folder, 'state-'));
  const ssh = program('ssh');
  const inventory = await written(work.devices, folder);
  const client = async () => {
    const ran = await cluster.run(['run', '-i', inventory, '--format', 'ndjson', COMMAND], TIMEOUT_MS);
    if (ran.status !== 0) throw new Error(`against a coordinator: exit ${ran.status}\n${ran.stderr}`);
    return ran;
  };
  const all = {
    ssh: contender('ssh', 1, () => runSsh(ssh ?? '', work)),
    first: contender('netsweep run, new state directory', 1, () => runOurs(work)),
    again: contender('netsweep run, self-contained', 1, () => runOurs(work, { state })),
    client: contender('netsweep run --coordinator', 1, client),
    help: contender('netsweep --help', 1, () => runHelp(stop)),
  };
  const contenders = Object.values(all).filter((each) => each !== all.ssh || ssh !== null);
  await runOurs(work, { state });
  await interleave(options.repeat * ROUNDS_EACH, contenders, say);
  await rm(state, { recursive: true });
  return {
    name: 'one',
    title: 'One device',
    notes: [`On ${fleet.title}, one command.`, ...(ssh === null ? ['OpenSSH is not installed.'] : [])],
    tables: [timesOf(contenders, ssh === null ? null : all.ssh)],
    goals: goalsOf(all, ssh !== null),
    data: contenders,
  };
}

function goalsOf(
  { ssh, again, client, help }: Record<'ssh' | 'again' | 'client' | 'help', Contender>,
  compared: boolean,
): Goal[] {
  const above = (what: string, limit: number, contender: Contender): Goal[] =>
    compared ? [{ what, limit, measured: seconds(contender) - seconds(ssh), unit: ' s' }] : [];
  return [
    ...above('one device, self-contained: time above ssh', 0.6, again),
    ...above('one device, against a running coordinator: time above ssh', 0.25, client),
    { what: 'netsweep --help', limit: 0.15, measured: seconds(help), unit: ' s' },
  ];
}

function timesOf(all: Contender[], ssh: Contender | null): Table {
  return {
    head: ['program', 'wall s', '(median)', 'above ssh s', 'CPU ms'],
    rows: all.map((one) => [
      one.title,
      short(seconds(one)),
      short(median(one.rounds.map(({ wallMs }) => wallMs)) / 1000),
      ssh === null ? '' : short(seconds(one) - seconds(ssh)),
      short(least(one.rounds.map(({ total }) => total.cpuMs))),
    ]),
  };
}

function seconds({ rounds }: Contender): number {
  return least(rounds.map(({ wallMs }) => wallMs)) / 1000;
}

async function runSsh(ssh: string, { devices: [device], folder, stop }: Work): Promise<Measured> {
  if (device === undefined) throw new Error('no device');
  const { words, env } = await passwordLogin(device, folder);
  const stdout = join(folder, 'ssh.out');
  const ran = await measure(
    {
      command: [ssh, ...words, '-p', String(device.port), `${device.username}@${device.host}`, COMMAND],
      role: 'ssh',
      env,
      stdout,
      stderr: `${stdout}.err`,
    },
    { timeoutMs: TIMEOUT_MS, stop },
  );
  if (ran.status !== 0) throw new Error(`ssh: exit ${ran.status}`);
  return ran;
}

function runHelp(stop: AbortSignal): Promise<Measured> {
  const command = [process.execPath, built('coordinator/main.js'), '--help'];
  return measure({ command, role: 'help', stdout: null, stderr: null }, { timeoutMs: TIMEOUT_MS, stop });
}
