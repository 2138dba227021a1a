// The rehearsal fleet as a program of its own, and its event log read back: the witness that knows nothing of the
// sweep it is asked about. What each device has to print is computed here again from the fleet's own renderers.
import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCli } from '../agent/fleet/clis.ts';
import type { FleetEvent } from '../agent/fleet/events.ts';
import type { Fault } from '../agent/fleet/fault.ts';
import { writeInventory } from '../agent/fleet/inventory.ts';
import { FLEET_DEFAULTS } from '../agent/fleet/options.ts';
import { type FleetDevice, type FleetPlatform, planFleet } from '../agent/fleet/plan.ts';
import { Platforms, setupFor } from '../proto/platform.ts';
import { overhear } from './lastwords.ts';
import type { Namespace } from './netns.ts';
import { Running, root, until } from './process.ts';

export interface FleetOptions {
  devices: number;
  seed?: number;
  segments?: number;
  /** Devices in a site; 0: they have none. */
  siteSize?: number;
  platforms?: FleetPlatform[];
  bad?: Partial<Record<Fault, number>>;
  /** From the shell request to the prompt, in ms. */
  promptMs?: number;
  /** From a command to its output, in ms. */
  commandMs?: number;
  /** What a slow device adds to both, in ms. */
  slowMs?: number;
  /** Pause between the bytes of a dripping device, in ms. */
  dripMs?: number;
  configLines?: number;
  /** The share of Cisco devices that want the enable secret. */
  unprivileged?: number;
  password?: string;
  secret?: string;
  /** The path of a public key that may log in. */
  authorizedKey?: string;
  /** Default: one that is free. */
  port?: number;
  /** Where it runs; default: the system's network. */
  inside?: Pick<Namespace, 'command'>;
}

/** One connection to one device; times on the machine's monotonic clock in ms. */
export interface Session {
  device: string;
  from: number;
  /** Infinity: still open. */
  to: number;
  /** Commands, in order. */
  commands: string[];
  /** Password logins tried. */
  logins: number;
  denied: number;
}

export class Fleet implements AsyncDisposable {
  readonly devices: FleetDevice[];
  /** Its log, once its file is gone. */
  #kept: string | null = null;
  /** What has been read of it so far: a test that waits for a device looks again and again. */
  readonly #events: FleetEvent[] = [];
  #readTo = 0;

  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly options: FleetOptions,
    private readonly running: Running,
  ) {
    this.devices = planFleet(planned(options));
    overhear({ name: 'what reached the fleet', said: () => this.#kept ?? this.#log() });
  }

  static async open(options: FleetOptions): Promise<Fleet> {
    const folder = await mkdtemp(join(tmpdir(), 'netsweep-fleet-'));
    const words = [join(root, 'dist/agent/fleet/main.js'), ...(await wordsOf(folder, options))];
    const [file, args] = options.inside?.command(process.execPath, words) ?? [process.execPath, words];
    const running = new Running(file, args, { onParentExit: 'killed' });
    try {
      const [, port] = await running.logged(/^ready port=(\d+) /m);
      return new Fleet(folder, Number(port), options, running);
    } catch (error) {
      await running.stop('SIGKILL');
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  get names(): string[] {
    return this.devices.map(({ name }) => name);
  }

  /** Writes an inventory of all devices; the ending of `name` is its shape. Gives its path. */
  inventory(name = 'fleet.json', login: { password?: string; enableSecret?: string } = {}): string {
    const { password = FLEET_DEFAULTS.password, secret = FLEET_DEFAULTS.enableSecret } = this.options;
    const { port, devices } = this;
    const { user, seed } = { ...FLEET_DEFAULTS, ...planned(this.options) };
    const file = join(this.folder, name);
    writeInventory(file, { devices, port, seed, user, password, enableSecret: secret, ...login });
    return file;
  }

  /** What has reached the devices so far. The program writes with a delay of 40 ms: see `quiet`. */
  events(): FleetEvent[] {
    const log = this.#log();
    const lines = log.slice(this.#readTo).split('\n').slice(0, -1);
    for (const line of lines) this.#events.push(JSON.parse(line) as FleetEvent); // the program's own lines
    this.#readTo = log.lastIndexOf('\n') + 1;
    return [...this.#events];
  }

  #log(): string {
    const file = join(this.folder, 'events.jsonl');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Every connection after `since`, in the order they came. */
  sessions(since = 0): Session[] {
    const sessions = new Map<number, Session>();
    for (const event of this.events()) {
      if (event.event === 'connect')
        sessions.set(event.session, {
          device: event.device,
          from: event.t,
          to: Number.POSITIVE_INFINITY,
          commands: [],
          logins: 0,
          denied: 0,
        });
      const session = sessions.get(event.session);
      if (session === undefined) continue;
      if (event.event === 'command') session.commands.push(event.command);
      if (event.event === 'login' || event.event === 'denied') session.logins += 1;
      if (event.event === 'denied') session.denied += 1;
      if (event.event === 'close') session.to = event.t;
    }
    return [...sessions.values()].filter(({ from }) => from >= since);
  }

  /** Sessions in which this command was sent. */
  asked(command: string, since = 0): Session[] {
    return this.sessions(since).filter(({ commands }) => commands.includes(command));
  }

  /** Resolves when every connection has ended and been written down. */
  async quiet(): Promise<void> {
    await until('no session is open', () => this.sessions().every(({ to }) => to < Infinity));
  }

  /** Most sessions that were open at one time. */
  mostAtOnce(since = 0, among = (_device: string) => true): number {
    const sessions = this.sessions(since).filter(({ device }) => among(device));
    const changes = sessions.flatMap(({ from, to }) => [
      { at: from, by: 1 },
      { at: to, by: -1 },
    ]);
    let [open, most] = [0, 0];
    for (const { by } of changes.sort((a, b) => a.at - b.at || a.by - b.by)) {
      open += by;
      most = Math.max(most, open);
    }
    return most;
  }

  /** Devices that had two sessions at a time, by the fleet's word and by the times in its log. */
  overlaps(): string[] {
    const told = this.events().flatMap((event) => (event.event === 'overlap' ? [event.device] : []));
    const lastEnd = new Map<string, number>();
    const seen = this.sessions().flatMap(({ device, from, to }) => {
      const before = lastEnd.get(device) ?? 0;
      lastEnd.set(device, Math.max(before, to));
      return from < before ? [device] : [];
    });
    return [...new Set([...told, ...seen])];
  }

  /** What the device prints for the command when nothing is lost, as a result shows it. */
  expected(name: string, command: string): string {
    const device = this.devices.find((one) => one.name === name);
    if (device === undefined) throw new Error(`no device ${name}`);
    const { seed, configLines } = { ...FLEET_DEFAULTS, ...planned(this.options) };
    const cli = makeCli({ device, seed, configLines });
    const state = { privileged: true, configuring: false, rows: 0 };
    const platform = platforms.get(device.platform);
    for (const line of platform ? setupFor(platform, 0) : []) cli.answer(line, state);
    const answer = cli.answer(command, state);
    if (answer.do !== 'print') throw new Error(`${name} prints nothing for "${command}"`);
    const bytes = Buffer.from(answer.text(), 'latin1');
    return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1').replaceAll('\r\n', '\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.stop('SIGTERM');
    this.#kept = this.#log().slice(-5_000);
    await rm(this.folder, { recursive: true });
  }
}

/** The machine's monotonic clock, as in the fleet's log. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const platforms = new Platforms();

function planned({
  devices,
  seed,
  segments,
  siteSize,
  platforms,
  bad,
  unprivileged,
  configLines,
}: FleetOptions) {
  const given = { devices, seed, segments, siteSize, platforms, bad, unprivileged, configLines };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<
    typeof FLEET_DEFAULTS
  >; // what is undefined is gone
}

async function wordsOf(folder: string, options: FleetOptions): Promise<string[]> {
  const { bad = {}, platforms, password, secret } = options;
  const words = ['--devices', String(options.devices), '--events', join(folder, 'events.jsonl')];
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) words.push(name, String(value));
  };
  add('--port', options.port);
  add('--seed', options.seed);
  add('--segments', options.segments);
  add('--site-size', options.siteSize);
  add('--platforms', platforms?.join(','));
  add('--prompt-latency', options.promptMs);
  add('--command-latency', options.commandMs);
  add('--slow', options.slowMs);
  add('--drip', options.dripMs);
  add('--config-lines', options.configLines);
  add('--authorized-key', options.authorizedKey);
  add('--unprivileged', options.unprivileged);
  for (const [fault, share] of Object.entries(bad)) words.push('--bad', `${fault}=${share}`);
  for (const [name, text] of Object.entries({ password, secret })) {
    if (text === undefined) continue;
    await writeFile(join(folder, name), text, { mode: 0o600 });
    words.push(`--${name}-file`, join(folder, name));
  }
  return words;
}
