// A notice as a signed POST: tried again a few times, never sent on to another address, its answer not read.
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

export interface WebhookOptions {
  /** Pauses before another attempt. */
  pausesMs?: readonly number[];
  timeoutMs?: number;
}

const PAUSES_MS = [1_000, 5_000, 20_000];
const TIMEOUT_MS = 10_000;

/** Throws what kept it from being taken; the address, which may hold a token, is not in it. */
export async function postNotice(
  url: string,
  secret: Buffer | null,
  body: string,
  { pausesMs = PAUSES_MS, timeoutMs = TIMEOUT_MS }: WebhookOptions = {},
): Promise<void> {
  const id = randomUUID();
  for (let attempt = 0; ; attempt++) {
    const wrong = await post(url, secret, { id, body, timeoutMs });
    if (wrong === null) return;
    const pause = pausesMs[attempt];
    if (!wrong.mayPass || pause === undefined)
      throw new Error(`${new URL(url).host} ${wrong.why}${attempt > 0 ? `, ${attempt + 1} times` : ''}`);
    await delay(pause * (0.75 + Math.random() / 2));
  }
}

/** `v1=` and HMAC-SHA256, in hex, of the timestamp, a dot and the body. */
export function signature(secret: Buffer, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

async function post(
  url: string,
  secret: Buffer | null,
  { id, body, timeoutMs }: { id: string; body: string; timeoutMs: number },
): Promise<{ why: string; mayPass: boolean } | null> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signed = secret === null ? {} : { 'X-Netsweep-Signature': signature(secret, timestamp, body) };
  try {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        ...{ 'Content-Type': 'application/json', 'User-Agent': 'netsweep' },
        ...{ 'X-Netsweep-Id': id, 'X-Netsweep-Timestamp': timestamp },
        ...signed,
      },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.body?.cancel();
    if (answer.ok) return null;
    const mayPass = answer.status >= 500 || answer.status === 429 || answer.status === 408;
    return { why: `answered ${answer.status}`, mayPass };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer';
    return { why: `was not reached (${code})`, mayPass: true };
  }
}
