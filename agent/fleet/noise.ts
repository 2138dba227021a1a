// What a device sends beside its answers: messages that SSH allows and a client has to bear.
import type { Fault } from './fault.js';

/** The SSH connection under the channels, for those who disturb it. */
export interface Under {
  /** Sends one message; not while keys are exchanged. */
  send(payload: Buffer): void;
  /** Exchanges keys again. */
  rekey(then: () => void): void;
}

const EVERY_MS = 50;
const MESSAGE = { disconnect: 1, ignore: 2, debug: 4, banner: 53, globalRequest: 80, channelOpen: 90 };

const NOISES: Partial<Record<Fault, () => Buffer[]>> = {
  keepalives: () => [keepalive()],
  debug: () => [
    Buffer.concat([Buffer.from([MESSAGE.ignore]), field('x'.repeat(200))]),
    Buffer.concat([Buffer.from([MESSAGE.debug, 1]), field('debug: \x1b[31mnothing to see'), field('')]),
  ],
  'opens-channels': () => [
    channel('auth-agent@openssh.com', Buffer.alloc(0)),
    channel('x11', Buffer.concat([field('127.0.0.1'), number(6010)])),
    channel('session', Buffer.alloc(0)),
    channel('forwarded-tcpip', Buffer.concat([field(''), number(22), field('127.0.0.1'), number(4022)])),
  ],
};

/** Starts the noise of the fault, if it is one; the answer ends it. */
export function makeNoise(fault: Fault | null, under: Under): () => void {
  const noise = fault === null ? undefined : NOISES[fault];
  if (noise === undefined) return () => {};
  return repeat(under, noise);
}

/** Keepalive requests without end; the answer ends them. */
export function keepAlive(under: Under): () => void {
  return repeat(under, () => [keepalive()]);
}

function repeat(under: Under, messages: () => Buffer[]): () => void {
  const send = () => {
    for (const message of messages()) under.send(message);
  };
  send();
  const timer = setInterval(send, EVERY_MS);
  return () => clearInterval(timer);
}

/** SSH_MSG_USERAUTH_BANNER. */
export function bannerMessage(text: string): Buffer {
  return Buffer.concat([Buffer.from([MESSAGE.banner]), field(text), field('')]);
}

/** SSH_MSG_DISCONNECT. */
export function disconnectMessage(reason: number, words: string): Buffer {
  return Buffer.concat([Buffer.from([MESSAGE.disconnect]), number(reason), field(words), field('')]);
}

function keepalive(): Buffer {
  return Buffer.concat([
    Buffer.from([MESSAGE.globalRequest]),
    field('keepalive@openssh.com'),
    Buffer.from([1]),
  ]);
}

/** SSH_MSG_CHANNEL_OPEN: number, window and packet size are as good as any. */
function channel(type: string, rest: Buffer): Buffer {
  const head = [
    Buffer.from([MESSAGE.channelOpen]),
    field(type),
    number(77),
    number(1 << 20),
    number(1 << 15),
  ];
  return Buffer.concat([...head, rest]);
}

function field(text: string): Buffer {
  return Buffer.concat([number(Buffer.byteLength(text)), Buffer.from(text)]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
