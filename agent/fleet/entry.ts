// Command lines that never come to a prompt: what they say instead, and what they answer to whatever is typed.
import type { Fault } from './fault.js';
import type { Channel } from './sshd.js';
import type { Wire } from './terminal.js';

interface Entry {
  greeting: string;
  /** In answer to each line typed. */
  again: string;
  /** Said again and again. */
  endless: string;
}

const LOG_LINE =
  '*Mar  3 10:11:12.123: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to up\r\n';

const ENTRIES: Partial<Record<Fault, Entry>> = {
  'hang-prompt': { greeting: '', again: '', endless: '' },
  'no-prompt': {
    greeting: '\r\n  1. Configure\r\n  2. Diagnose\r\n  3. Log out\r\n\r\nYour choice: ',
    again: '\r\nNot a choice.\r\n\r\nYour choice: ',
    endless: '',
  },
  'second-login': {
    greeting: '\r\n\r\nUser Access Verification\r\n\r\nUsername: ',
    again: '\r\n% Login invalid\r\n\r\nUsername: ',
    endless: '',
  },
  'new-password': {
    greeting: '\r\nYour password has expired and must be changed.\r\nEnter new password: ',
    again: '\r\nEnter new password: ',
    endless: '',
  },
  'endless-log': { greeting: '\r\n', again: '', endless: LOG_LINE },
};

const REPEAT_MS = 100;

/** Whether a device with the fault gets as far as taking commands. */
export function hasPrompt(fault: Fault | null): boolean {
  return fault === null || ENTRIES[fault] === undefined;
}

/** Does what such a device does instead of prompting; false: it prompts. */
export function actEntry(fault: Fault | null, channel: Channel, wire: Wire): boolean {
  if (fault === 'no-shell') channel.end();
  const entry = fault === null ? undefined : ENTRIES[fault];
  if (entry === undefined) return fault === 'no-shell';
  wire.write(entry.greeting);
  channel.on('data', (bytes: Buffer) => {
    if (bytes.includes('\r') || bytes.includes('\n')) wire.write(entry.again);
  });
  if (entry.endless === '') return true;
  const timer = setInterval(() => wire.write(entry.endless), REPEAT_MS);
  channel.once('close', () => clearInterval(timer));
  return true;
}
