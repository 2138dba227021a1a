// One waiver of a policy file: somebody answers for a rule's failing on some devices, until a day.
import type { LocatedMap } from '../inventory/located.js';
import { readDate } from './date.js';
import { Keys } from './keys.js';
import type { Waiver } from './policy.js';
import { ALL_DEVICES, readDevices } from './readdevices.js';
import { type PolicyWorld, placed } from './world.js';

const KEYS = ['rule', 'devices', 'owner', 'reason', 'expires'];

/** Null: something in it was refused. */
export function readWaiver(map: LocatedMap, world: PolicyWorld): Waiver | null {
  const keys = new Keys(map, 'a waiver', KEYS, world.issues);
  const rule = keys.label('rule', 'the id of a rule');
  const meant = keys.needed('devices', 'a limit such as lab-*, or all');
  const devices = meant === null ? ALL_DEVICES : readDevices(meant, keys, world);
  const owner = keys.label('owner', 'who answers for it');
  const reason = keys.label('reason', 'why, or where it is written');
  const day = keys.needed('expires', "its last day, such as '2027-01-31'");
  const expires = day === null ? null : readDate(keys, 'expires', day, world);
  if (rule === null || owner === null || reason === null || expires === null) return null;
  return { rule, devices, owner, reason, expires, at: placed(keys.value('rule')?.at ?? map.at) };
}
