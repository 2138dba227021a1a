// Options of `inventory`: which devices, and how they are shown.
import type { Settings } from '../../config.js';
import { toggle } from '../setting.js';
import { TABLE } from './output.js';
import { LOGIN, PLATFORM, SELECTION } from './selection.js';

export const INVENTORY = { ...SELECTION, ...PLATFORM, user: LOGIN.user, ...TABLE } satisfies Settings;

export const INVENTORY_GRAPH = {
  ...INVENTORY,
  vars: toggle({ flags: '--vars', about: 'with what is known of each device', once: true }),
} satisfies Settings;
