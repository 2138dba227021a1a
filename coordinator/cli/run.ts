// `netsweep run`, from words to exit code: select, plan, ask for secrets, connect, submit, follow, show.
// Everything that can be wrong with the input is found before anything is started or touched.
import { HostKeyPolicy, Isolation, Purpose, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { shortNames } from '../combine/summary.js';
import type { Values } from '../config.js';
import type { Connection } from '../connect.js';
import { runNotice, type SweepFigures } from '../notices/sweep.js';
import { beginPrivate } from '../privatestart.js';
import { askYes } from './asking.js';
import type { Call } from './command.js';
import { Ended, EXIT, type ExitCode, UsageError } from './exit.js';
import { keepBy } from './keep.js';
import { destinationsOf, tell } from './notify.js';
import { checkOutput, type Screen, wantsTranscripts } from './output.js';
import { printPlan } from './planview.js';
import { type Earlier, plan, resolve, type Selected, select } from './prepare.js';
import { printLines, terminalColumns } from './print.js';
import type { RUN } from './settings.js';
import { harmlessLine } from './terminal.js';
import { tlsFiles } from './tlsfiles.js';

type RunCall = Call<typeof RUN>;
type RunValues = Values<typeof RUN>;

/** From this many devices on, a person is asked first. */
const ASK_ABOVE = 100;
const FORKS = { pool: 500, device: 32 } as const;

export async function run(call: RunCall): Promise<ExitCode> {
  checkUsage(call);
  const { values, stop } = call;
  if (values.rerun === null) return sweep(call, null, null);
  const [{ earlierDevices }, { openLink }] = await Promise.all([import('./earlier.js'), import('./link.js')]);
  await using link = await openLink(values, stop);
  return await sweep(call, link, await earlierDevices(link, values, stop));
}

/** `opened`: a connection that was needed before. */
async function sweep(call: RunCall, opened: Connection | null, earlier: Earlier | null): Promise<ExitCode> {
  const { args, values, stop } = call;
  const destinations = await destinationsOf(values.notify);
  const selected = await select(values, earlier);
  for (const warning of selected.warnings) process.stderr.write(`${harmlessLine(warning)}\n`);
  for (const warning of withoutLogin(selected)) process.stderr.write(`${harmlessLine(warning)}\n`);
  if (values.listHosts) return print(selected.entries.map(({ name }) => name));
  const planned = plan(selected, { commands: args, values, options: sweepOptions(values) });
  if (values.check) return print(printPlan(planned, { selected, values }, values.format, terminalColumns()));
  await confirm(values, planned.devices.length);
  const credentials = await resolve(selected, planned, stop);
  const wish = { state: values.state, coming: values.isolation, keep: keepBy(values) };
  const begun = opened === null && values.coordinator === null ? await beginPrivate(wish) : null;
  // What calls a coordinator is loaded while one starts.
  const [{ attend, rerunCommand }, { openLink }] = await Promise.all([
    import('./attend.js'),
    import('./link.js'),
  ]);
  const hint = (id: string) => `again, only these: ${rerunCommand(call, id)}`;
  const ended = (figures: SweepFigures, { progress }: Screen) =>
    tell(destinations, runNotice(figures), progress);
  const sweepable = { options: planned.options, devices: planned.devices, credentials, hint, ended };
  if (opened !== null) return attend(call, opened, sweepable);
  await using link = await openLink(values, stop, wish.coming, wish.keep, begun);
  return await attend(call, link, sweepable);
}

/** They would be connected to, and fail; a device that asks for nothing is rare. */
function withoutLogin({ entries }: Selected): string[] {
  const names = entries
    .filter(
      ({ password, privateKey, sshAgent }) => password === null && privateKey === null && sshAgent !== true,
    )
    .map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    `warning: ${names.length === 1 ? '1 device has' : `${names.length} devices have`} neither a password nor a key: ${shortNames(names)} (expected password or private_key in the inventory, -k, --password-file, --private-key or --ssh-agent)`,
  ];
}

async function print(lines: string[]): Promise<ExitCode> {
  await printLines(lines);
  return EXIT.ok;
}

/** Scripts are not asked. */
export async function confirm({ yes }: RunValues, devices: number): Promise<void> {
  if (yes || devices <= ASK_ABOVE || process.stdin.isTTY !== true || process.stderr.isTTY !== true) return;
  if (!(await askYes(`Run on ${devices} devices?`))) throw new Ended(EXIT.interrupted, 'nothing was touched');
}

/** Combinations that make no sense; each is one line. */
function checkUsage({ args, values, sources }: RunCall): void {
  checkOutput(values);
  tlsFiles(values);
  if (values.askPass && values.passwordFile !== null)
    throw new UsageError('--ask-pass and --password-file exclude each other');
  if (values.askSecret && values.secretFile !== null)
    throw new UsageError('--ask-secret and --secret-file exclude each other');
  if (values.rerun === null && (values.failed || values.kind.length > 0))
    throw new UsageError('--failed and --kind go with --rerun');
  if (values.rerun !== null && args.length > 0)
    throw new UsageError('--rerun repeats the commands of the earlier sweep, give none');
  if (values.detach && values.coordinator === null) throw new UsageError('--detach goes with --coordinator');
  if (values.detach && sources.notify === 'flag')
    throw new UsageError('--detach waits for no end that --notify could tell of');
  if (values.detach && (values.tree !== null || sources.format === 'flag'))
    throw new UsageError('--detach prints only the id; netsweep sweeps results prints the rest');
  for (const key of ['agents', 'workers'] as const)
    if (values.coordinator !== null && sources[key] === 'flag')
      throw new UsageError(`--${key} is for sweeps that run here, not with --coordinator`);
}

export function sweepOptions(values: RunValues): SweepOptions {
  return SweepOptions.create({
    forks: values.forks ?? FORKS[values.isolation],
    isolation: values.isolation === 'device' ? Isolation.DEVICE : Isolation.POOL,
    limits: {
      connectMs: values.connectTimeout,
      loginMs: values.loginTimeout,
      idleMs: values.idleTimeout,
      commandMs: values.commandTimeout,
      deviceMs: values.deviceDeadline,
    },
    deadlineMs: values.deadline,
    retries: values.retries,
    authFailMax: values.authFailMax,
    loginRate: values.loginRate,
    siteSessions: values.siteSessions,
    hostKeys: {
      strict: HostKeyPolicy.STRICT,
      'accept-new': HostKeyPolicy.ACCEPT_NEW,
      off: HostKeyPolicy.OFF,
    }[values.hostKeys],
    allowWrites: values.allowWrites,
    outputLimit: values.outputLimit,
    agentWaitMs: values.agentWait,
    purpose: Purpose.COMMANDS,
    transcripts: wantsTranscripts(values),
  });
}
