// A policy file, from its bytes to its map: YAML that says it is a policy of the format that is read here.
import { decodeText } from '../inventory/decode.js';
import type { Located, LocatedMap, Source } from '../inventory/located.js';
import { describe, didYouMean, nearest, quote } from '../inventory/wording.js';
import { readYaml } from '../inventory/yaml.js';
import type { PolicyWorld } from './world.js';

export const FORMAT = 'netsweep_policy';
const VERSION = '1';
export const POLICY_KEYS = [
  ...[FORMAT, 'name', 'title', 'devices', 'rules', 'waivers', 'tests'],
  ...['extends', 'except', 'change'],
];

/** Null: it is none, which was reported. */
export function readPolicyMap(file: string, bytes: Buffer, world: PolicyWorld): LocatedMap | null {
  const before = world.issues.count;
  const source = decodeText(
    file,
    bytes,
    { directory: world.directory, trusted: false, expected: 'a policy in YAML' },
    world.issues,
  );
  const root = source === null ? null : readYaml(source, world.issues);
  if (source === null || world.issues.count > before) return null;
  return policyMap(root, source, world);
}

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
