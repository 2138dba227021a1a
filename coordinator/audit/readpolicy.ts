// A policy file, from its bytes to a policy: everything that is wrong in it is told at once, each at its place.
import type { LocatedMap } from '../inventory/located.js';
import { quote } from '../inventory/wording.js';
import { Keys } from './keys.js';
import type { DeviceFilter, Policy } from './policy.js';
import { POLICY_KEYS, readPolicyMap } from './policymap.js';
import { type Inherited, readBases } from './readbase.js';
import { ALL_DEVICES, readDevices } from './readdevices.js';
import { readRule } from './readrule.js';
import { readTest } from './readtest.js';
import { readWaiver } from './readwaiver.js';
import { type PolicyWorld, placed } from './world.js';

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

type Part = Inherited & { devices: DeviceFilter };

/** What could be read of it, with everything else reported; null: nothing. */
export function readPolicy(file: string, bytes: Buffer, world: PolicyWorld): Policy | null {
  const map = readPolicyMap(file, bytes, world);
  return map === null ? null : readParts(map, world);
}

function readParts(map: LocatedMap, world: PolicyWorld): Policy {
  const { issues } = world;
  const keys = new Keys(map, 'a policy', POLICY_KEYS, issues);
  const name = keys.label('name', 'one such as campus-baseline') ?? '';
  if (name !== '' && !NAME.test(name))
    issues.report(
      keys.value('name')?.at ?? null,
      `name cannot be used (found ${quote(name)}, expected up to 64 letters, digits, dots, - and _)`,
    );
  const devices = readDevices(keys.value('devices'), keys, world);
  const rules = keys.maps('rules', 'rules, such as {id: SSH-1, ...}');
  const waivers = keys.maps('waivers', 'waivers, such as {rule: SSH-1, ...}');
  const tests = keys.maps('tests', 'tests, such as {rule: SSH-1, ...}');
  if (!['rules', 'waivers', 'extends'].some((key) => keys.has(key)))
    issues.report(map.at, 'the policy says nothing (found neither rules nor waivers, expected rules)');
  const own: Part = { rules, waivers, tests, world, devices };
  // What is taken over brings the devices that it is for; those of the policy narrow it like all else in it.
  const parts: Part[] = [...readBases(keys, world).map((base) => ({ ...base, devices: ALL_DEVICES })), own];
  return {
    name,
    title: keys.optional('title'),
    devices,
    rules: parts.flatMap((part) =>
      part.rules.flatMap((rule) => readRule(rule, { name, devices: part.devices }, part.world) ?? []),
    ),
    waivers: parts.flatMap((part) => part.waivers.flatMap((waiver) => readWaiver(waiver, part.world) ?? [])),
    tests: parts.flatMap((part) => part.tests.flatMap((test) => readTest(test, part.world) ?? [])),
    ids: parts
      .flatMap(({ rules: all }) => all)
      .flatMap(({ fields }) => {
        const id = fields.get('id')?.value;
        return id?.kind === 'text' || id?.kind === 'number' ? [{ id: id.text, at: placed(id.at) }] : [];
      }),
    at: placed(map.at),
  };
}
