// One notice to one destination.
import { readSecretFile, withoutLineEnd } from '../inventory/secretfile.js';
import type { Destination } from './destination.js';
import { runHook } from './exec.js';
import { type Notice, noticeText } from './notice.js';
import { postNotice } from './webhook.js';

/** Throws with why it did not get there. */
export async function send(destination: Destination, notice: Notice): Promise<void> {
  const json = JSON.stringify(notice);
  switch (destination.kind) {
    case 'webhook':
      return postNotice(destination.url, await secretOf(destination), json);
    case 'exec':
      return runHook(destination.name, destination.program, json);
    case 'mail': {
      // Loaded only where mail is sent.
      const { sendMail } = await import('./mail.js');
      const { subject } = notice;
      return sendMail(destination, await secretOf(destination), { subject, text: noticeText(notice), json });
    }
    default:
      destination satisfies never;
  }
}

async function secretOf({ secret }: Destination): Promise<Buffer | null> {
  if (secret === null) return null;
  const [, from, where = ''] = /^(env|file):(.*)$/.exec(secret) ?? [];
  if (from === 'file') return withoutLineEnd(await readSecretFile(where));
  const value = process.env[where] ?? '';
  if (value === '') throw new Error(`the environment has no ${where}`);
  return Buffer.from(value);
}
