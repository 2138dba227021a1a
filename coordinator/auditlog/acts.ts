// What is recorded beside attempts: what people did, and what the coordinator did of itself. An act is committed
// together with what it changes.
import type { Credential, Device } from '../../proto/gen/netsweep/v1/model.js';
import { SubmitHeader } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { Masking } from './masking.js';
import type { Who } from './who.js';

export type Act =
  | { act: 'start'; who: Who; version: string; node: string; pid: number; host: string; directory: string }
  | { act: 'stop'; who: Who; pid: number }
  | Submit
  | { act: 'cancel'; who: Who; sweep: string; reason: string }
  | { act: 'drain-agent'; who: Who; agent: string; drained: boolean }
  | { act: 'remove-sweep'; who: Who; sweep: string }
  | { act: 'forget-history'; who: Who; of: unknown; versions: number }
  | { act: 'release-credential'; who: Who; name: string; released: number }
  | { act: 'accept-host-key'; who: Who; host: string; port: number; segment: string; jump: string }
  | { act: 'remove-host-keys'; who: Who; host: string; port: number; segment: string; removed: number }
  | { act: 'lease'; sweep: string; epoch: string; agent: string; instance: string; devices: string[] }
  | { act: 'permit-writes'; sweep: string; device: string; epoch: string }
  | {
      act:
        | 'add-schedule'
        | 'change-schedule'
        | 'remove-schedule'
        | 'run-schedule'
        | 'pause-schedule'
        | 'resume-schedule';
      who: Who;
      schedule: string;
      /** Only its first word: others may hold secrets. */
      command?: string;
    };

/** A sweep as it was submitted. */
export interface Submit {
  act: 'submit';
  who: Who;
  sweep: string;
  header: SubmitHeader;
  devices: Device[];
  credentials: Pick<Credential, 'id' | 'name' | 'username'>[];
}

/** Lists of commands that are recorded of one submit; those of each device stand with its attempts. */
const LISTS_MOST = 100;

interface Asked {
  platform: string;
  commands: string[];
  devices: number;
}

/** What is recorded of a submit: each list of commands once, with how many devices of which platform have it. */
export function submitRecord({ who, sweep, header, devices, credentials }: Submit, masking: Masking) {
  const { options } = header;
  masking.learn(options?.platforms ?? []);
  const lists = new Map<string, Asked>();
  for (const { platform, commands } of devices) {
    const key = `${platform}\n${commands.join('\n')}`;
    const known = lists.get(key);
    if (known !== undefined) known.devices += 1;
    else if (lists.size < LISTS_MOST) lists.set(key, { platform, commands, devices: 1 });
  }
  const shown = ({ platform, commands, devices }: Asked): Asked => ({
    platform,
    commands: commands.map((command) => masking.command(platform, command)),
    devices,
  });
  return {
    act: 'submit',
    ...{ who, sweep, key: header.key, devices: devices.length },
    segments: [...new Set(devices.map(({ segment }) => segment))],
    commands: [...lists.values()].map(shown),
    credentials,
    options: plain(header),
  };
}

/** The options of a sweep, with the names of platforms alone. */
function plain({ options }: SubmitHeader): unknown {
  if (options === undefined) return {};
  const platforms = options.platforms.map(({ name }) => ({ name, json: '' }));
  const { options: shown } = SubmitHeader.toJSON(
    SubmitHeader.create({ options: { ...options, platforms } }),
  ) as { options: unknown };
  return shown;
}

/** No agent touches a device before it is recorded that it may. */
export function leaseAct(
  { name, instance }: { name: string; instance: string },
  granted: { shard: { sweep: { id: string } }; epoch: string; devices: { device: Device }[] },
): { write: 'act'; act: Act } {
  const devices = granted.devices.map(({ device }) => device.name);
  const { shard, epoch } = granted;
  return {
    write: 'act',
    act: { act: 'lease', sweep: shard.sweep.id, epoch, agent: name, instance, devices },
  };
}
