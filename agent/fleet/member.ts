// One of the processes that share a fleet's work: takes options, then listens where it is told, and ends with its parent.
import type { MemberMessage, MemberReply } from './members.js';
import { Share } from './share.js';

let share: Share | null = null;

process.on('message', async (message: MemberMessage) => {
  if ('options' in message) share = new Share(message.options, message.index);
  else reply(await listen(message.listen));
});

async function listen(port: number): Promise<MemberReply> {
  try {
    return { port: (await share?.listen(port)) ?? 0 };
  } catch (error) {
    const { message, code = '' }: NodeJS.ErrnoException =
      error instanceof Error ? error : new Error(String(error));
    return { message, code };
  }
}

function reply(message: MemberReply): void {
  process.send?.(message);
}

// A signal to the whole group reaches this process too; its parent tells it when to end.
process.on('SIGTERM', () => {});
process.on('SIGINT', () => {});
process.once('disconnect', async () => {
  await share?.[Symbol.asyncDispose]();
  process.exit(0);
});
