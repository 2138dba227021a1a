// A worker program that does no work, or has gone wrong, in the way that the name of its first device says.
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { deserialize, serialize } from 'node:v8';

const stream = new Socket({ fd: 3, readable: true, writable: true });
stream.on('end', () => process.exit(0));
stream.on('error', () => process.exit(0));

const say = (...messages) => {
  const body = serialize(messages);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return stream.write(Buffer.concat([length, body]));
};

const WAYS = {
  garbage: () => stream.write(Buffer.from([0, 0, 0, 6, 1, 2, 3, 4, 5, 6, 7, 8])),
  'a length without end': () => stream.write(Buffer.from([255, 255, 255, 255, 0])),
  'an unknown message': () => say({ say: 'give me the keys' }),
  'no list': () => {
    const body = serialize({ say: 'alive', memory: 1, busy: 1 });
    stream.write(Buffer.concat([Buffer.from([0, 0, 0, body.length]), body]));
  },
  'a wrong type': (job) => say({ say: 'askPermit', ask: 'one', job, use: 'SECRET_USE_LOGIN', hop: 0 }),
  'an attempt that is none': (job) =>
    say({ say: 'ended', job, attempt: Buffer.from('no attempt'), how: 'done' }),
  'an attempt that has not ended': (job) => say({ say: 'ended', job, attempt: Buffer.alloc(0), how: 'done' }),
  "another's result": (job) => say({ say: 'ended', job: job + 7, attempt: Buffer.from([8, 1]), how: 'done' }),
  'a piece too large': (job) => say({ say: 'chunk', job, chunk: piece(600_000) }),
  'pieces without end': (job) => {
    const more = () => {
      while (say({ say: 'chunk', job, chunk: piece(500_000) }));
      stream.once('drain', more);
    };
    more();
  },
  'questions without end': (job) => {
    for (let ask = 1; ask < 1_000; ask++)
      say({ say: 'askPermit', ask, job, use: 'SECRET_USE_LOGIN', hop: 0 });
  },
  'a full load': () => {
    busy = 99;
  },
  'chatter without end': () => {
    const more = () => {
      while (say(...new Array(10_000).fill({ say: 'alive', memory: 1, busy: 1 })));
      stream.once('drain', more);
    };
    more();
  },
  'a result and no more': (job) => {
    const body = Buffer.alloc(400_000);
    const output = Buffer.concat([Buffer.from([74, ...varint(body.length)]), body]);
    const attempt = Buffer.concat([Buffer.from([8, 1, 26, ...varint(output.length)]), output]);
    for (let more = 0; more < 20; more++) say({ say: 'alive', memory: 1, busy: 1 });
    say({ say: 'ended', job, attempt, how: 'done' });
    if (stream.writableLength === 0) process.exit(0);
    stream.once('drain', () => process.exit(0));
  },
  'a secret on stderr': () => {
    writeSync(2, 'FATAL ERROR: the password is hunter2\nFATAL ERROR: uncaught Error: hunter2\nhunter2\n');
    process.exit(3);
  },
};

/** A Chunk, as the contract has it. */
function piece(bytes) {
  return Buffer.concat([
    Buffer.from([10, 32]),
    Buffer.alloc(32),
    Buffer.from([26, ...varint(bytes)]),
    Buffer.alloc(bytes),
  ]);
}

function varint(number) {
  return number < 128 ? [number] : [(number % 128) + 128, ...varint(Math.floor(number / 128))];
}

let busy = 1;
const alive = () => say({ say: 'alive', memory: 1, busy });
alive();
setInterval(alive, 250);

let held = Buffer.alloc(0);
stream.on('data', (bytes) => {
  held = Buffer.concat([held, bytes]);
  while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
    const length = held.readUInt32BE(0);
    const messages = deserialize(held.subarray(4, 4 + length));
    held = held.subarray(4 + length);
    for (const message of messages) if (message.say === 'run') WAYS[message.task.device.name]?.(message.job);
  }
});
