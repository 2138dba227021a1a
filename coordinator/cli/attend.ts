// A planned sweep from submit to exit code: submitted, followed, shown, summed up. And what a person or a
// closed pipe does to it on the way: a sweep that runs here is cancelled, one elsewhere is left running.
import type { Credential, Device, Report, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { ReadOutput } from '../combine/result.js';
import { longName, type Setting } from '../config.js';
import type { Connection } from '../connect.js';
import { count } from '../inventory/wording.js';
import type { SweepFigures } from '../notices/sweep.js';
import { bodyReader } from './body.js';
import type { Call } from './command.js';
import { decide, EXIT, type ExitCode } from './exit.js';
import { finished, follow } from './follow.js';
import { awaySayer, type LinkSources, linkOptions, patienceWith, shellWord, watchAgain } from './link.js';
import { conclude, openViews, Screen, Show, Stages } from './output.js';
import { printLines } from './print.js';
import { ask, mayPass, Patience } from './rpc.js';
import { LOGIN, PLATFORM, type RUN, SELECTION, SWEEP, TOLERANCE } from './settings.js';
import { OutputClosed } from './sink.js';
import { submit, submitKey } from './submit.js';
import type { View } from './views/view.js';

const CANCEL_MS = 15_000;
const NEVER = new AbortController().signal;

type RunCall = Call<typeof RUN>;
type Attended = Pick<RunCall, 'values' | 'stop'> & { sources: LinkSources };

/** What a repeated sweep takes over from this one's command line. */
const REPEATED = {
  inventory: SELECTION.inventory,
  columns: SELECTION.columns,
  vaultPasswordFile: SELECTION.vaultPasswordFile,
  set: SELECTION.set,
  ...PLATFORM,
  ...LOGIN,
  ...SWEEP,
  ...TOLERANCE,
};

export interface Sweepable {
  options: SweepOptions;
  devices: Device[];
  /** Wiped once they are submitted. */
  credentials: Credential[];
  /** What shows the results, in place of what the output options ask for. */
  views?(read: ReadOutput, screen: Screen): View[];
  /** Told of a sweep that has ended; false: whoever should hear of it did not. */
  ended?(figures: SweepFigures, screen: Screen): Promise<boolean>;
  /** What to do about devices that did not end ok, said with the summary. */
  hint(sweep: string): string;
}

export async function attend(call: Attended, link: Connection, sweepable: Sweepable): Promise<ExitCode> {
  const screen = new Screen(call.values);
  const id = await submitAndWipe(call, link, sweepable, screen);
  if (call.values.detach) {
    await printLines([id]);
    return EXIT.ok;
  }
  if (call.values.verbose > 0)
    screen.progress.note(`sweep ${id}: ${count(sweepable.devices.length, 'device')} submitted`);
  try {
    return await watchOver(call, link, { ...sweepable, id, screen });
  } catch (error) {
    screen.progress.end();
    if (error instanceof OutputClosed) await cancel(link, id, 'its output was closed').catch(() => undefined);
    else if (!link.selfContained) screen.progress.say(watchAgain(id, call.values, call.sources));
    throw error;
  }
}

async function watchOver(
  call: Attended,
  link: Connection,
  { id, screen, ...sweepable }: Sweepable & { id: string; screen: Screen },
): Promise<ExitCode> {
  const { values, sources, stop } = call;
  using interrupt = new Interrupt(stop, link, id);
  const patience = patienceWith(link, values, screen.progress);
  await using stages = await Stages.open(values, bodyReader(link, interrupt.leave, patience));
  const { read, rows } = stages;
  const parts = {
    values,
    screen,
    read,
    rows,
    selected: sweepable.devices.length,
    again: (sweep: string) => `netsweep sweeps results ${sweep}${linkOptions(values, sources)}`,
  };
  screen.progress.expect(bySegment(sweepable.devices));
  const show = new Show(sweepable.views?.(parts.read, screen) ?? openViews(parts), screen, stages);
  const followed = {
    sweep: id,
    bodies: show.bodies,
    onReports: (reports: Report[]) => show.reports(reports),
    onProgress: (progress: Sweep) => screen.progress.update(progress),
  };
  const sweep = await follow(link, followed, interrupt.leave, patience);
  await show.end(sweep, (bodies) => finished(link, { sweep: id, bodies }, interrupt.leave, patience));
  const { progress } = screen;
  const code = conclude(sweep, show.tally, {
    progress,
    tolerance: values.tolerate,
    hint: sweepable.hint(id),
  });
  if (stop.aborted) return decide([EXIT.interrupted, code]);
  const figures = { sweep, tally: show.tally, tolerance: values.tolerate };
  const isTold = (await sweepable.ended?.(figures, screen)) ?? true;
  return show.exit(isTold ? code : decide([code, EXIT.failures]));
}

async function submitAndWipe(
  { values, stop }: Attended,
  link: Connection,
  sweepable: Sweepable,
  { progress }: Screen,
): Promise<string> {
  const { options, devices, credentials } = sweepable;
  const header = {
    key: submitKey(),
    client: link.client,
    options,
    agents: values.agents ?? 0,
    workers: values.workers ?? 0,
  };
  try {
    const away = awaySayer(values, progress, 'to submit the sweep again');
    return await submit(link, { header, devices, credentials }, stop, Patience.for(link, away));
  } catch (error) {
    // Refused is one thing, not answered another.
    if (!link.selfContained && (stop.aborted || mayPass(error)))
      progress.say('whether the sweep was taken is not known: netsweep sweeps list tells');
    throw error;
  } finally {
    for (const { password, privateKey, enableSecret } of credentials)
      for (const secret of [password, privateKey, enableSecret]) secret.fill(0);
  }
}

function bySegment(devices: Device[]): Map<string, number> {
  const segments = new Map<string, number>();
  for (const { segment } of devices) segments.set(segment, (segments.get(segment) ?? 0) + 1);
  return segments;
}

/** The first signal cancels a sweep that runs here, and its end is awaited; elsewhere it only ends the watching. */
class Interrupt implements Disposable {
  readonly leave: AbortSignal;
  readonly #onStop: () => void;

  constructor(
    private readonly stop: AbortSignal,
    link: Connection,
    id: string,
  ) {
    const leave = new AbortController();
    this.leave = leave.signal;
    this.#onStop = () => {
      // A coordinator that no longer answers has ended the sweep already.
      if (link.selfContained)
        cancel(link, id, `interrupted by ${stop.reason}`).catch((error) => leave.abort(error));
      else leave.abort(stop.reason);
    };
    stop.addEventListener('abort', this.#onStop, { once: true });
    if (stop.aborted) this.#onStop();
  }

  [Symbol.dispose](): void {
    this.stop.removeEventListener('abort', this.#onStop);
  }
}

/** A coordinator that is just starting again is waited for, for a moment: the sweep would go on with nobody to see. */
async function cancel(link: Connection, sweep: string, reason: string): Promise<void> {
  const patience = new Patience(link.selfContained ? 0 : CANCEL_MS);
  for (;;) {
    try {
      await ask(link.sweeps.cancel.bind(link.sweeps), { sweep, reason });
      return;
    } catch (error) {
      await patience.pause(error, NEVER);
    }
  }
}

/** The command that runs what failed once more: same inventory, login and limits, the commands of the sweep. */
export function rerunCommand(
  { given, values, sources }: Pick<RunCall, 'given' | 'values' | 'sources'>,
  id: string,
): string {
  const words = ['netsweep', 'run', '--rerun', id, '--failed'];
  // Without an inventory the names are it.
  const settings = values.inventory.length === 0 ? { hosts: SELECTION.hosts, ...REPEATED } : REPEATED;
  for (const [key, setting] of Object.entries<Setting<unknown>>(settings))
    for (const text of given[key] ?? [])
      words.push(`--${longName(setting)}`, ...(setting.shape === 'switch' ? [] : [withoutSecret(text)]));
  return words.map(shellWord).join(' ') + linkOptions(values, sources);
}

/** `--set password=...` is asked for the next time, not printed. */
function withoutSecret(text: string): string {
  return text.replace(/^(\w*(?:pass|secret)\w*)=(?!(?:env|file|cmd|ask)\b).*$/is, '$1=ask');
}
