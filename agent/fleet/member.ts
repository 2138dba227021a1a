// One of the processes that share a fleet's work: takes options, then connections, and ends with its parent.
import { Socket } from 'node:net';
import type { MemberMessage } from './members.js';
import { planFleet } from './plan.js';
import { Sessions } from './sessions.js';

let sessions: Sessions | null = null;
let devices: ReturnType<typeof planFleet> = [];

process.on('message', (message: MemberMessage, handle) => {
  if ('options' in message) {
    devices = planFleet(message.options);
    sessions = new Sessions(message.options);
    process.send?.('ready');
    return;
  }
  const device = devices[message.device - 1];
  // A connection that was reset on its way here arrives without its socket.
  if (device !== undefined && handle instanceof Socket) sessions?.serve(handle, device, message.session);
});

// A signal to the whole group reaches this process too; its parent tells it when to end.
process.on('SIGTERM', () => {});
process.on('SIGINT', () => {});
process.once('disconnect', async () => {
  await sessions?.[Symbol.asyncDispose]();
  process.exit(0);
});
