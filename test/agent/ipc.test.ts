// A worker holds hostile devices and may be broken by one. Whatever it says, its agent lives, and it ends.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { fraction } from '../../agent/fleet/dice.ts';
import { WorkerLink } from '../../agent/ipc.js';
import { Status } from '../../proto/gen/netsweep/v1/model.js';
import { Attempt, Chunk, HostKey, LoginResult, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { back, Poolside } from './poolside.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const AGAIN = `SEED=${SEED} npx vitest run test/agent/ipc.test.ts`;
const FRAMES = 20_000;
/** Most frames that one link gets. */
const PER_LINK = 100;

describe.concurrent('a worker that says', () => {
  test.for([
    ['garbage', /could not be read/],
    ['a length without end', /announced a message of 4294967295 bytes/],
    ['an unknown message', /no message that is known/],
    ['no list', /no list of messages/],
    ['a wrong type', /no number as ask/],
    ['an attempt that is none', /broke the rules/],
    ['an attempt that has not ended', /no attempt that has ended/],
    ["another's result", /a result of a session that it does not hold/],
    ['a piece too large', /no piece of an output/],
    ['pieces without end', /sent too much/],
    ['questions without end', /asked without end/],
    ['chatter without end', /talked without end/],
    ['a secret on stderr', /^its worker ended with 3$/],
  ] as const)('%s ends, and its devices are handed back', async ([way, reason], { expect }) => {
    await using side = await Poolside.open({ program: join(import.meta.dirname, 'brokenworker.mjs') });
    // Only this one answers to nothing else.
    const [bad, good] = await Promise.all([side.run(way), side.run('says nothing')]);
    for (const end of [back(bad), back(good)]) {
      expect(end.reason).toMatch(reason);
      expect(end).toMatchObject({ workerLost: true, alone: false });
    }
  });
});

test('what a worker said before its end counts, however late it is heard', async () => {
  await using side = await Poolside.open({ program: join(import.meta.dirname, 'brokenworker.mjs') });
  const [good, bad] = await Promise.all([side.run('a result and no more'), side.run('says nothing')]);
  expect(good.$case === 'attempt' && good.value.outputs[0]?.body.length).toBe(400_000);
  expect(back(bad)).toMatchObject({ reason: 'its worker ended with 0 without a result', alone: true });
});

test(`20,000 frames of any kind end no agent (${AGAIN})`, async () => {
  await using pipe = await Pipe.open();
  const heard: Record<string, number> = {};
  let broken = 0;
  for (let at = 0; at < FRAMES; ) {
    const [near, far] = await pipe.pair();
    let over = false;
    new WorkerLink(
      near,
      ({ say }) => {
        heard[say] = (heard[say] ?? 0) + 1;
      },
      () => {
        over = true;
        broken += 1;
      },
    );
    // A broken one is heard no more: the next frame needs another. So does one that waits for a length that was
    // made larger, and takes frame after frame for what it waits for.
    const last = at + PER_LINK;
    for (let sent = 0; at < Math.min(FRAMES, last) && !over; at++) {
      const bytes = frame(at);
      sent += bytes.length;
      far.write(bytes);
      while (near.bytesRead < sent) await new Promise((resolve) => setImmediate(resolve));
    }
    far.end();
    while (!near.readableEnded && !near.closed) await new Promise((resolve) => setImmediate(resolve));
    near.destroy();
  }
  expect(broken, 'many can not be read').toBeGreaterThan(FRAMES / 50);
  expect(Object.keys(heard).sort(), 'and all kinds can').toEqual(
    ['alive', 'askHostKey', 'askPermit', 'askStart', 'chunk', 'ended', 'loggedIn'].sort(),
  );
});

/** A frame with a message as it should be, and every second time something wrong with it. */
function frame(at: number): Buffer {
  const dice = (what: string, below: number) => Math.floor(fraction(SEED, at, what) * below);
  const messages: Record<string, unknown>[] = [
    { say: 'alive', memory: 1, busy: 1 },
    { say: 'askPermit', ask: 1, job: 1, use: SecretUse.LOGIN, hop: 0 },
    { say: 'askStart', ask: 1, job: 1 },
    { say: 'loggedIn', job: 1, use: SecretUse.ENABLE, result: LoginResult.ACCEPTED, hop: 1 },
    {
      say: 'askHostKey',
      ask: 2,
      job: 1,
      key: HostKey.encode({ type: 'ssh-rsa', blob: Buffer.alloc(9) }).finish(),
      hop: 0,
    },
    {
      say: 'chunk',
      job: 1,
      chunk: Chunk.encode({ sha256: Buffer.alloc(32), seq: 0, data: Buffer.alloc(99) }).finish(),
    },
    {
      say: 'ended',
      job: 1,
      attempt: Attempt.encode(Attempt.create({ status: Status.OK })).finish(),
      how: 'done',
    },
  ];
  const message = messages[dice('message', messages.length)] ?? {};
  const wrongs = [
    undefined,
    null,
    -1,
    1e300,
    Number.NaN,
    'x'.repeat(99),
    [],
    {},
    Buffer.alloc(7, 255),
    true,
    1n,
  ];
  const names = Object.keys(message);
  const name = names[dice('field', names.length)] ?? '';
  switch (dice('wrong', 10)) {
    case 0:
      message[name] = wrongs[dice('value', wrongs.length)];
      break;
    case 1:
      delete message[name];
      break;
    case 2:
      return Buffer.from(Array.from({ length: dice('length', 60) }, (_, byte) => dice(`byte ${byte}`, 256)));
    default:
  }
  const body = serialize(dice('list', 50) === 0 ? message : [message]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const whole = Buffer.concat([length, body]);
  if (dice('flip', 10) === 0) whole[dice('where', whole.length)] = dice('bits', 256);
  return whole;
}

/** Both ends of streams such as an agent and its worker have between them. */
class Pipe implements AsyncDisposable {
  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    private readonly path: string,
  ) {}

  static async open(): Promise<Pipe> {
    const path = join(tmpdir(), `netsweep-pipe-${process.pid}-${SEED}`);
    const server = createServer().listen(path);
    await once(server, 'listening');
    return new Pipe(server, path);
  }

  async pair(): Promise<[Socket, Socket]> {
    const far = createConnection(this.path);
    far.on('error', () => {}); // the near end may go first
    const [near] = (await once(this.server, 'connection')) as [Socket];
    return [near, far];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    await once(this.server, 'close');
  }
}
