// A login leaves at its moment. What finds itself late says by how much, as others are to leave a second later; what is
// so late that nobody reckons with it any more asks for another moment.
import { Permit } from '../proto/gen/netsweep/v1/session.js';
import { monotonicMs } from './clock.js';
import type { Leave } from './ipc.js';

/** So late that it has to be said, in ms. */
const LATE_MS = 10;
/** So late that it is too late, in ms. */
const TOO_LATE_MS = 400;
/** How often it asks for another moment: where everything is late, it leaves late. */
const MOMENTS_MOST = 5;

/** `late` is told by how many ms. */
export async function inTime(ask: () => Promise<Leave>, late: (ms: number) => void): Promise<Permit> {
  for (let moments = 1; ; moments += 1) {
    const { permit, at } = await ask();
    if (permit !== Permit.SEND || at === 0) return permit;
    // Timers come up to a millisecond early.
    for (let ms = at - monotonicMs(); ms > 0; ms = at - monotonicMs())
      await new Promise((resolve) => setTimeout(resolve, Math.ceil(ms)));
    const lateMs = Math.ceil(monotonicMs() - at);
    if (lateMs > TOO_LATE_MS && moments < MOMENTS_MOST) continue;
    if (lateMs > LATE_MS) late(lateMs);
    return permit;
  }
}
