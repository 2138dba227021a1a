// Options of the commands about who may connect.
import type { Settings } from '../../config.js';
import { choice, list, one, toggle } from '../setting.js';
import { readAddress, readDuration, readText } from '../values.js';
import { CONNECTION } from './connection.js';

export const REVOKE = {
  role: choice(
    {
      flags: '--role <role>',
      about: 'agent or operator, where both have the name',
      once: true,
    },
    ['agent', 'operator'] as const,
    null,
  ),
  ...CONNECTION,
} satisfies Settings;

export const ENROLL = {
  segment: list(
    { flags: '--segment <name,...>', about: 'segments that the agent may work in', once: true },
    readText,
  ),
  operator: toggle({
    flags: '--operator',
    about: 'for a person or program that uses --coordinator, not for an agent',
    once: true,
  }),
  replace: toggle({
    flags: '--replace',
    about: 'end the member that has the name now, once the token is used',
    once: true,
  }),
  expires: one(
    {
      flags: '--expires <duration>',
      about: 'how long the token may be used',
      shown: '1h, the most',
      once: true,
    },
    (text) => readDuration(text, 1_000, 3_600_000),
    3_600_000,
  ),
  certificateLife: one(
    {
      flags: '--certificate-life <duration>',
      about: 'of each certificate; it is renewed at two thirds of that',
      shown: '24h; 30d for an operator',
      once: true,
    },
    (text) => readDuration(text, 5_000, 90 * 24 * 3_600_000),
    0,
  ),
  address: one(
    {
      flags: '--address <host:port>',
      about: 'where it finds the coordinator',
      shown: 'the first --host of serve --init',
      once: true,
    },
    readAddress,
    null,
  ),
  ...CONNECTION,
} satisfies Settings;
