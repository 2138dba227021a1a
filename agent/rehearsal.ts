// How an agent rehearses: everything is real but the devices. What the user wrote travels to the workers as it is.
import { readDuration, readShare, readSize } from './units.js';

/** Stands at every result of a rehearsal, so that none is taken for a device's. */
export const REHEARSED = 'rehearsed: no device was asked';

export interface Rehearsal {
  /** From the login to the prompt, in ms. */
  promptMs: number;
  /** Of each command, in ms. */
  commandMs: number;
  /** Share of devices that are never reached. */
  failing: number;
  /** Of an output, uncompressed. */
  bytes: number;
}

const USUAL: Rehearsal = { promptMs: 0, commandMs: 0, failing: 0, bytes: 16_384 };
const BYTES_MOST = 1 << 28;

/** Reads `prompt=300ms,command=1s,failing=1%,size=16KiB`, any part of it, or nothing. Throws an Error in words for people. */
export function readRehearsal(text: string): Rehearsal {
  const rehearsal = { ...USUAL };
  for (const part of text.split(',').filter((one) => one.trim() !== '')) {
    const [name = '', value = ''] = part.split('=').map((word) => word.trim());
    const wrong = (expected: string) => new Error(`found "${part.trim()}", expected ${expected}`);
    if (name === 'prompt' || name === 'command') {
      const ms = readDuration(value);
      if (ms === null) throw wrong(`a duration such as ${name}=300ms`);
      rehearsal[`${name}Ms`] = ms;
    } else if (name === 'failing') {
      const share = readShare(value);
      if (share === null) throw wrong('a share of the devices such as failing=1%');
      rehearsal.failing = share;
    } else if (name === 'size') {
      const bytes = readSize(value);
      if (bytes === null || bytes > BYTES_MOST) throw wrong('a size up to 256MiB such as size=16KiB');
      rehearsal.bytes = bytes;
    } else throw wrong('prompt=, command=, failing= or size=');
  }
  return rehearsal;
}
