// What is odd about a device's SSH, and at which pace its output leaves: from its fault to what sshd and the wire
// are told.
import { randomInt } from 'node:crypto';
import { deriveHostKey, type HostKey } from './hostkey.js';
import { type Pace, steadyPace } from './pace.js';
import type { FleetDevice } from './plan.js';

/** What is odd about the device's SSH. */
export interface Oddity {
  algorithms?: 'weak' | 'compressed';
  /** It says that it speaks version 1.99. */
  oldIdent?: boolean;
  /** Signs for its host key with another one. */
  falseProof?: HostKey;
  /** Never answers the request for the login service. */
  noService?: boolean;
  /** What keyboard-interactive asks, round by round; usually one question, for the password. */
  rounds?: string[][];
  loginAfterMs?: number;
  /** How many bytes it takes from the client, in all. */
  window?: number;
  channel?: 'refused' | 'unanswered';
  channelAfterMs?: number;
  refuses?: 'pty' | 'shell' | 'exec';
}

/** As a serial line at 9600 baud. */
const SLOW_LINE = { bytes: 96, everyMs: 100 };
const STUCK_WINDOW = 8;
const FRAGMENT = 200;

/** `slowMs`: how long one that is late keeps waiting. */
export function oddityOf(device: FleetDevice, seed: number, slowMs: number): Oddity {
  switch (device.fault) {
    case 'weak-algorithms':
      return { algorithms: 'weak' };
    case 'only-compressed':
      return { algorithms: 'compressed' };
    case 'ident-1.99':
      return { oldIdent: true };
    case 'false-proof':
      return { falseProof: deriveHostKey(seed, device.number, 1) };
    case 'hang-service':
      return { noService: true };
    case 'two-questions':
      return { rounds: [['Password: ', 'One-time code: ']] };
    case 'wordless-question':
      return { rounds: [[], ['Password: '], []] };
    case 'asks-new-password':
      return { rounds: [['Password: '], ['New password: ', 'Retype new password: ']] };
    case 'slow-login':
      return { loginAfterMs: slowMs };
    case 'refuse-channel':
      return { channel: 'refused' };
    case 'hang-channel':
      return { channel: 'unanswered' };
    case 'late-channel':
      return { channelAfterMs: slowMs };
    case 'refuse-pty':
      return { refuses: 'pty' };
    case 'refuse-shell':
      return { refuses: 'shell' };
    case 'refuse-exec':
      return { refuses: 'exec' };
    case 'stuck-window':
      return { window: STUCK_WINDOW };
    default:
      return {};
  }
}

/** `dripMs`: the pause between single bytes; null: the device does not drip. */
export function paceOf(device: FleetDevice, dripMs: number | null): Pace | null {
  if (device.fault === 'slow-line') return steadyPace(SLOW_LINE.bytes, SLOW_LINE.everyMs);
  if (device.fault === 'fragments') return { ...steadyPace(1, 0), bytes: () => randomInt(1, FRAGMENT) };
  return dripMs === null ? null : steadyPace(1, dripMs);
}
