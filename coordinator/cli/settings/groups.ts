// Under which heading an option stands in help, manual and reference. An option belongs to the first group that has it.
import type { Setting, Settings } from '../../config.js';
import { CONNECTION } from './connection.js';
import { NOTIFY, OUTPUT } from './output.js';
import { LOGIN, PLATFORM, SELECTION } from './selection.js';
import { ACTIONS, KEEP, SWEEP, TOLERANCE } from './sweep.js';

const GROUPS: [heading: string, settings: Settings][] = [
  ['Which devices', SELECTION],
  ['What they are', PLATFORM],
  ['Logging in', LOGIN],
  ['What is done', ACTIONS],
  ['How much, how long, how often', SWEEP],
  ['What is shown and written', { ...OUTPUT, ...NOTIFY }],
  ['What the exit code forgives', TOLERANCE],
  ['What is kept', KEEP],
  ['Where it runs', CONNECTION],
];

const HEADINGS = new Map<Setting<unknown>, string>();
for (const [heading, settings] of GROUPS.toReversed())
  for (const setting of Object.values(settings)) HEADINGS.set(setting, heading);

/** Null: it belongs to its command alone. */
export function headingOf(setting: Setting<unknown>): string | null {
  return HEADINGS.get(setting) ?? null;
}
