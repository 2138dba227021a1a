// From which agents a device is reached: each agent of its segment in turn connects and exchanges keys, and leaves
// before anybody logs in. A sweep like any other, so whoever works on the device just now is not disturbed. The key
// that it shows is compared with those that are known, and not kept.
import { Readable } from 'node:stream';
import { type Device, Kind, Purpose, type Report } from '../../proto/gen/netsweep/v1/model.js';
import { AgentState, Diagnosis } from '../../proto/gen/netsweep/v1/sweeps.js';
import { label } from '../../proto/label.js';
import type { ReadOutput } from '../combine/result.js';
import { fallbacks, type Values } from '../config.js';
import type { Connection } from '../connect.js';
import { fail, ok, type Verdict, warn } from '../doctor/check.js';
import { placeKey, placeOf } from '../sweep/endpoints.js';
import { attend } from './attend.js';
import type { Call } from './command.js';
import { UsageError } from './exit.js';
import { fingerprint } from './hostkeys.js';
import { openLink } from './link.js';
import { plan, resolve, type Selected, select } from './prepare.js';
import { ask } from './rpc.js';
import { sweepOptions } from './run.js';
import { type DOCTOR, RUN } from './settings.js';

type DoctorCall = Call<typeof DOCTOR>;
type SweepValues = Values<typeof RUN>;

/** How long one look may take beyond connecting and the key exchange, in ms; a device that is worked on is waited for. */
const SPARE_MS = 20_000;

/** What one agent has seen. */
interface Sight {
  failure: Report['failure'];
  /** Of the outputs, by their command. */
  texts: Map<string, string>;
}

export async function reach(name: string, call: DoctorCall): Promise<Diagnosis[]> {
  const { port: _, verbose: __, json: ___, ...given } = call.values;
  const own = { retries: 0, hostKeys: 'off', quiet: true, progress: 'off' } as const;
  const values: SweepValues = { ...fallbacks(RUN), ...given, ...own };
  const device = await selectDevice(name, call, values);
  await using link = await openLink(values, call.stop, values.coordinator === null ? 'pool' : null);
  const agents = values.coordinator === null ? [''] : await agentsOf(link, device.planned.segment);
  if (agents.length === 0)
    return [entry(name, fail(`no agent serves segment ${device.planned.segment}`, 'start one there'))];
  const known = await knownKeys(link, device.planned);
  const found: Diagnosis[] = [];
  for (const agent of agents) {
    const sight = await look(link, call, device, agent);
    const from = agent === '' ? 'from here' : `from agent ${agent}`;
    found.push(...verdicts(from, sight, known).map((verdict) => entry(name, verdict)));
  }
  return found;
}

interface Chosen {
  planned: Device;
  selected: Selected;
  values: SweepValues;
}

/** DEVICE as the inventory has it; without an inventory the host itself. */
async function selectDevice(
  name: string,
  { values: { inventory, port } }: DoctorCall,
  values: SweepValues,
): Promise<Chosen> {
  const bare = { name, host: name, ...(port === null ? {} : { port }) };
  const selected =
    inventory.length > 0
      ? await select({ ...values, hosts: [name] })
      : await select({ ...values, inventory: ['-'] }, null, Readable.from([JSON.stringify([bare])]));
  // Nothing of a platform is used before a login, and no command is sent.
  const entries = selected.entries.map((one) => ({
    ...one,
    platform: one.platform ?? 'linux',
    commands: [],
  }));
  const { devices } = plan(
    { ...selected, entries },
    { commands: [], values, options: optionsFor(values, '') },
  );
  const [planned, another] = devices;
  if (planned === undefined || another !== undefined)
    throw new UsageError(`"${name}" names ${devices.length} devices, expected one`);
  return { planned, selected: { ...selected, entries }, values };
}

function optionsFor(values: SweepValues, agent: string) {
  const deadlineMs = values.connectTimeout + values.loginTimeout + SPARE_MS;
  return { ...sweepOptions(values), purpose: Purpose.HOST_KEYS, describes: true, agent, deadlineMs };
}

async function agentsOf({ sweeps }: Connection, segment: string): Promise<string[]> {
  const { agents } = await ask(sweeps.listAgents.bind(sweeps), { away: false });
  const serving = agents.filter(
    ({ segments, state }) => segments.includes(segment) && state === AgentState.PRESENT,
  );
  return serving.map(({ name }) => name);
}

async function knownKeys({ sweeps }: Connection, device: Device): Promise<string[]> {
  const { hosts } = await ask(sweeps.listHostKeys.bind(sweeps), { host: device.host });
  const place = placeKey(placeOf(device));
  return hosts.filter((host) => placeKey(host) === place).map(fingerprint);
}

async function look(
  link: Connection,
  { sources, stop }: Pick<DoctorCall, 'sources' | 'stop'>,
  { selected, values }: Chosen,
  agent: string,
): Promise<Sight> {
  const planned = plan(selected, { commands: [], values, options: optionsFor(values, agent) });
  // The device is not logged in to, the bastions on the way to it are.
  const isBehind = planned.devices.some(({ jump }) => jump.length > 0);
  const credentials = isBehind ? await resolve(selected, planned, stop) : [];
  const sight: Sight = { failure: undefined, texts: new Map() };
  const view = (read: ReadOutput) => ({
    bodies: true,
    async report({ failure, outputs }: Report) {
      sight.failure = failure;
      for (const output of outputs) {
        let text = '';
        for await (const piece of read(output)) text += piece;
        sight.texts.set(output.command, text);
      }
    },
  });
  const { devices, options } = planned;
  const hint = () => '';
  await attend({ values, sources, stop }, link, {
    options,
    devices,
    credentials,
    views: (read) => [view(read)],
    hint,
  });
  return sight;
}

function verdicts(from: string, { failure, texts }: Sight, known: string[]): Verdict[] {
  if (failure !== undefined) {
    const { kind, stage, message } = failure;
    const found = `${from}: ${label('KIND', kind)} (${label('STAGE', stage)}): ${message}`;
    return [fail(found, ADVICE[kind] ?? 'see the message')];
  }
  const exchange = linesOf(texts.get('key-exchange') ?? '');
  const [type, shown] = (texts.get('host-key') ?? '').trim().split(' ');
  if (type === undefined || shown === undefined)
    return [fail(`${from}: it showed no host key`, 'see the log of the agent')];
  const about = [
    exchange.get('identification'),
    ...['kex', 'host_key_algorithm', 'cipher', 'mac'].map((name) => exchange.get(name)),
  ].filter((text) => text !== undefined && text !== '');
  const took = exchange.get('connect_ms');
  const found = `${from}: reached${took === undefined ? '' : ` in ${took} ms`}, ${[...about, `${type} ${shown}`].join(', ')}`;
  if (known.length > 0 && !known.includes(shown))
    return [
      fail(
        `${found}; known is ${known.join(', ')}`,
        'find out who changed it; then netsweep hostkeys accept',
      ),
    ];
  return [
    known.length > 0
      ? ok(`${found}, as it is known`)
      : warn(
          `${found}, which nobody has seen before`,
          'compare it with the device; the first sweep keeps it',
        ),
  ];
}

const ADVICE: Partial<Record<Kind, string>> = {
  [Kind.RESOLVE]: 'its name has no address there: look at DNS on the host of the agent',
  [Kind.UNREACHABLE]: 'look at the route, and at what filters packets in between',
  [Kind.REFUSED]: 'SSH is off there, or on another port',
  [Kind.PROTOCOL]: 'something else than SSH answers there',
  [Kind.ALGORITHMS]: 'turn on newer algorithms there, or mark the device legacy: true',
  [Kind.DEADLINE]: 'it did not get its turn: a sweep works on the device, or the agent is full',
  [Kind.NO_AGENT]: 'see that the agent is up',
};

/** Lines of `name: value`. */
function linesOf(text: string): Map<string, string> {
  const pairs = text.split('\n').flatMap((line) => {
    const at = line.indexOf(': ');
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 2)] as const];
  });
  return new Map(pairs);
}

function entry(device: string, { judgement, found, advice = '' }: Verdict): Diagnosis {
  return Diagnosis.create({ name: device, judgement, found, advice });
}
