// One rule of a policy file.

import { readsOnly } from '../../proto/readonly.js';
import type { Located, LocatedMap } from '../inventory/located.js';
import { describe, didYouMean, nearest, quote } from '../inventory/wording.js';
import { Keys, orList } from './keys.js';
import type { Command, DeviceFilter, Rule } from './policy.js';
import { readByPlatform, readDevices, reportUncovered } from './readdevices.js';
import { LOOK_KEYS, patternAt, readLook } from './readlook.js';
import { SEVERITIES, type Severity } from './verdict.js';
import { type PolicyWorld, placed } from './world.js';

const KEYS = [
  ...['id', 'severity', 'title', 'reference', 'remedy', 'devices', 'command', 'when', 'unless'],
  ...LOOK_KEYS,
];
const ID = /^[A-Za-z0-9][\w.-]{0,63}$/;
const MOST_COMMAND = 1000;

/** Null: something in it was refused. */
export function readRule(
  map: LocatedMap,
  policy: { name: string; devices: DeviceFilter },
  world: PolicyWorld,
): Rule | null {
  const keys = new Keys(map, 'a rule', KEYS, world.issues);
  const id = readId(keys, world);
  const severity = readSeverity(keys, world);
  const title = keys.label('title', 'one line that says what should be');
  const devices = readDevices(keys.value('devices'), keys, world);
  for (const platform of devices.platforms)
    if (policy.devices.platforms.length > 0 && !policy.devices.platforms.includes(platform))
      world.issues.report(
        keys.at('devices'),
        `the rule is for a platform that its policy is not for (found ${platform}, expected ${orList(policy.devices.platforms)})`,
      );
  const platforms = devices.platforms.length > 0 ? devices.platforms : policy.devices.platforms;
  const command = readCommand(keys, platforms, world);
  const [when, unless] = ['when', 'unless'].map((name) => patternAt(keys, name, world));
  const look = readLook(keys, { platforms, world });
  const [reference, remedy] = [readLong(keys, 'reference'), readLong(keys, 'remedy')];
  if (id === null || severity === null || title === null || command === null || look === null) return null;
  const at = placed(keys.value('id')?.at ?? map.at);
  return {
    policy: policy.name,
    id,
    severity,
    title,
    reference,
    remedy,
    devices,
    command,
    when: when ?? null,
    unless: unless ?? null,
    ...look,
    at,
  };
}

function readId(keys: Keys, { issues }: PolicyWorld): string | null {
  const id = keys.label('id', 'one such as SSH-1');
  if (id === null || ID.test(id)) return id;
  issues.report(
    keys.value('id')?.at ?? null,
    `id cannot be used (found ${quote(id)}, expected up to 64 letters, digits, dots, - and _, such as SSH-1)`,
  );
  return null;
}

function readSeverity(keys: Keys, { issues }: PolicyWorld): Severity | null {
  const value = keys.needed('severity', orList(SEVERITIES));
  if (value === null) return null;
  const found = value.kind === 'text' ? SEVERITIES.find((severity) => severity === value.text) : undefined;
  if (found !== undefined) return found;
  const meant = value.kind === 'text' ? nearest(value.text, SEVERITIES) : null;
  issues.report(
    value.at,
    `severity is not known (found ${describe(value)}, expected ${orList(SEVERITIES)}${didYouMean(meant)})`,
  );
  return null;
}

/** Text of any length, or several. */
function readLong(keys: Keys, name: string): string | null {
  const value = keys.value(name);
  if (value === null) return null;
  const texts = keys.texts(name, value).map(({ text }) => text.trim());
  return texts.length === 0 ? null : texts.join(name === 'remedy' ? '\n' : '; ');
}

function readCommand(keys: Keys, platforms: readonly string[], world: PolicyWorld): Command | null {
  const value = keys.needed('command', 'what is asked of the device, such as show version');
  if (value === null) return null;
  if (value.kind !== 'map') {
    const command = oneCommand(keys, value, platforms, world);
    return command === null ? null : { of: 'all', command };
  }
  const commands = readByPlatform('command', value, world, (one, platform) =>
    oneCommand(keys, one, [platform], world),
  );
  reportUncovered('command', value, { platforms, world });
  return { of: 'platform', commands };
}

function oneCommand(
  keys: Keys,
  value: Located,
  platforms: readonly string[],
  world: PolicyWorld,
): string | null {
  const text = keys.line('command', value)?.trim();
  if (text === undefined) return null;
  if (text.length > MOST_COMMAND) {
    world.issues.report(
      value.at,
      `command is too long (found ${text.length} characters, expected at most ${MOST_COMMAND})`,
    );
    return null;
  }
  for (const name of platforms) {
    const platform = world.platforms.get(name);
    if (platform !== undefined && !readsOnly(platform, text))
      world.issues.report(value.at, `command is not one that only reads on ${name} (found ${quote(text)})`);
  }
  return text;
}
