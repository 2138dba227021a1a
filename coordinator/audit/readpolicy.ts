// A policy file, from its bytes to a policy: everything that is wrong in it is told at once, each at its place.
import { decodeText } from '../inventory/decode.js';
import type { Located, LocatedMap, Source } from '../inventory/located.js';
import { describe, didYouMean, nearest, quote } from '../inventory/wording.js';
import { readYaml } from '../inventory/yaml.js';
import { Keys } from './keys.js';
import type { Policy } from './policy.js';
import { readDevices } from './readdevices.js';
import { readRule } from './readrule.js';
import { readTest } from './readtest.js';
import { readWaiver } from './readwaiver.js';
import { type PolicyWorld, placed } from './world.js';

const FORMAT = 'netsweep_policy';
const VERSION = '1';
const KEYS = [FORMAT, 'name', 'title', 'devices', 'rules', 'waivers', 'tests'];
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** What could be read of it, with everything else reported; null: nothing. */
export function readPolicy(file: string, bytes: Buffer, world: PolicyWorld): Policy | null {
  const before = world.issues.count;
  const source = decodeText(
    file,
    bytes,
    { directory: world.directory, trusted: false, expected: 'a policy in YAML' },
    world.issues,
  );
  const root = source === null ? null : readYaml(source, world.issues);
  if (source === null || world.issues.count > before) return null;
  const map = policyMap(root, source, world);
  return map === null ? null : readParts(map, world);
}

/** The file's map, if it is a policy of the format that is read here. */
function policyMap(root: Located | null, source: Source, { issues }: PolicyWorld): LocatedMap | null {
  const at = root?.at ?? { source, offset: 0 };
  if (root?.kind !== 'map') {
    const found = root === null ? 'nothing' : describe(root);
    issues.report(
      at,
      `this is no policy (found ${found}, expected a map that begins with ${FORMAT}: ${VERSION})`,
    );
    return null;
  }
  const format = root.fields.get(FORMAT);
  if (format === undefined) {
    const meant = Array.from(root.fields.keys()).find((name) => nearest(name, [FORMAT]) !== null);
    issues.report(
      meant === undefined ? at : (root.fields.get(meant)?.at ?? at),
      `this is no policy (found ${meant === undefined ? `no ${FORMAT}` : quote(meant)}, expected ${FORMAT}: ${VERSION}${meant === undefined ? '' : didYouMean(FORMAT)})`,
    );
    return null;
  }
  const { value } = format;
  if ((value.kind === 'number' || value.kind === 'text') && value.text === VERSION) return root;
  issues.report(
    value.at,
    `policies of this format can't be read (found ${describe(value)}, expected ${FORMAT}: ${VERSION}; a later netsweep may know it)`,
  );
  return null;
}

function readParts(map: LocatedMap, world: PolicyWorld): Policy {
  const { issues } = world;
  const keys = new Keys(map, 'a policy', KEYS, issues);
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
  if (rules.length === 0 && waivers.length === 0 && !keys.has('rules') && !keys.has('waivers'))
    issues.report(map.at, 'the policy says nothing (found neither rules nor waivers, expected rules)');
  return {
    name,
    title: keys.optional('title'),
    devices,
    rules: rules.flatMap((rule) => readRule(rule, { name, devices }, world) ?? []),
    waivers: waivers.flatMap((waiver) => readWaiver(waiver, world) ?? []),
    tests: tests.flatMap((test) => readTest(test, world) ?? []),
    ids: rules.flatMap(({ fields }) => {
      const id = fields.get('id')?.value;
      return id?.kind === 'text' || id?.kind === 'number' ? [{ id: id.text, at: placed(id.at) }] : [];
    }),
    at: placed(map.at),
  };
}
