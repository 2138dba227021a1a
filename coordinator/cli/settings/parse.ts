// Options of `parse`.
import type { Settings } from '../../config.js';
import { one, toggle } from '../setting.js';
import { readPath, readText } from '../values.js';
import { TEMPLATES } from './output.js';
import { OWN_PLATFORMS } from './selection.js';

export const PARSE = {
  platform: one({ flags: '--platform <name>', about: 'platform of the output', once: true }, readText, null),
  command: one(
    { flags: '--command <command>', about: 'command that it is the output of', once: true },
    readText,
    null,
  ),
  ...TEMPLATES,
  template: one(
    { flags: '--template <file>', about: 'this template, whatever the index says', once: true },
    readPath,
    null,
  ),
  batch: toggle({
    flags: '--batch',
    about: 'read lines {id, platform, command, raw}, write lines {id, records, error}',
    once: true,
  }),
  ...OWN_PLATFORMS,
} satisfies Settings;
