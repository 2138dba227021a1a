// A login leaves at its moment. What finds itself late says by how much, as others are to leave a second later; what is
// so late that nobody reckons with it any more asks for another moment.
import { Permit } from '../proto/gen/netsweep/v1/session.js';
import { monotonicMs } from './clock.js';
import type { Leave } from './ipc.js';

/** So late that it has to be said, in ms. */
const LATE_MS = 10;
/** So late that it is too late, in ms. */
const TOO_LATE_MS = 400;

/** `late` is told by how many ms. */
export async function inTime(ask: () => Promise<Leave>, late: (ms: number) => void): Promise<Permit> {
  for (;;) {
    const { permit, at } = await ask();
    if (permit !== Permit.SEND || at === 0) return permit;
    const ms = at - monotonicMs();
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    const lateMs = Math.ceil(monotonicMs() - at);
    if (lateMs > TOO_LATE_MS) continue;
    if (lateMs > LATE_MS) late(lateMs);
    return permit;
  }
}
