// Devices that are bad before any SSH is spoken, or speak it wrongly from the first packet on: they get the bare
// socket. A packet before the first key exchange is its length, its padding's length, the payload, the padding.
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Fault } from './fault.js';

type Act = (socket: Socket, ident: string) => void;

const DRIP_MS = 200;
const GREETING_BYTES = 10 << 20;

const ACTS: Partial<Record<Fault, Act>> = {
  'reset-accept': (socket) => socket.resetAndDestroy(),
  'close-accept': (socket) => socket.destroy(),
  'hang-banner': () => {},
  'not-ssh': (socket) => {
    socket.end(
      'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nBad Request',
    );
  },
  telnet: (socket) => {
    socket.write(Buffer.from([255, 251, 1, 255, 251, 3, 255, 253, 24, 255, 253, 31]));
    socket.write('\r\n\r\nUser Access Verification\r\n\r\nUsername: ');
  },
  'endless-greeting': (socket) => {
    pour(socket, Buffer.from(`${'Welcome to this device. '.repeat(3)}\r\n`.repeat(200)), GREETING_BYTES);
  },
  'open-ident': (socket, ident) => socket.write(ident),
  'ssh1-ident': (socket) => socket.write('SSH-1.5-Cisco-1.25\r\n'),
  'garbage-ident': (socket, ident) => {
    socket.write(`${ident}\r\n`);
    socket.write(Buffer.concat([Buffer.from([0x80]), randomBytes(4095)]));
  },
  'giant-packet': (socket, ident) => {
    socket.write(`${ident}\r\n`);
    socket.write(Buffer.concat([Buffer.alloc(4, 0xff), Buffer.alloc(1024)]));
  },
  'giant-names': (socket, ident) => {
    socket.write(`${ident}\r\n`);
    socket.write(packet(keyExchange(unknownNames())));
  },
  'hang-ident': (socket, ident) => socket.write(`${ident}\r\n`),
  'drip-kex': (socket, ident) => {
    socket.write(`${ident}\r\n`);
    drip(socket, packet(keyExchange('curve25519-sha256')));
  },
  'drop-kex': (socket, ident) => {
    socket.write(`${ident}\r\n`);
    socket.once('data', () => socket.end(packet(keyExchange('curve25519-sha256')).subarray(0, 20)));
  },
};

/** Acts the fault on a connection just accepted; false: it is none of these, SSH is to be spoken. */
export function actWithoutSsh(fault: Fault | null, socket: Socket, software: string): boolean {
  const act = fault === null ? undefined : ACTS[fault];
  if (act === undefined) return false;
  act(socket, `SSH-2.0-${software}`);
  socket.resume();
  return true;
}

/** Writes the same again and again, as fast as it is taken, up to so many bytes. */
function pour(socket: Socket, piece: Buffer, bytes: number): void {
  const next = (left: number) => {
    if (left <= 0 || socket.destroyed) return;
    const taken = socket.write(piece);
    if (taken) setImmediate(next, left - piece.length);
    else socket.once('drain', () => next(left - piece.length));
  };
  next(bytes);
}

function drip(socket: Socket, bytes: Buffer): void {
  let at = 0;
  const timer = setInterval(() => {
    if (at >= bytes.length || socket.destroyed) clearInterval(timer);
    else socket.write(bytes.subarray(at, ++at));
  }, DRIP_MS);
  socket.once('close', () => clearInterval(timer));
}

function packet(payload: Buffer): Buffer {
  const padding = 8 - ((payload.length + 5) % 8) + 8;
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length + padding);
  head.writeUInt8(padding, 4);
  return Buffer.concat([head, payload, Buffer.alloc(padding)]);
}

/** SSH_MSG_KEXINIT with one list of names for everything. */
function keyExchange(names: string): Buffer {
  const list = Buffer.concat([Buffer.alloc(4), Buffer.from(names)]);
  list.writeUInt32BE(names.length);
  const none = Buffer.concat([Buffer.from([0, 0, 0, 4]), Buffer.from('none')]);
  const empty = Buffer.alloc(4);
  const lists = [list, list, list, list, list, list, none, none, empty, empty];
  return Buffer.concat([Buffer.from([20]), randomBytes(16), ...lists, Buffer.alloc(5)]);
}

/** Six lists of these make a packet just below what every implementation must take. */
function unknownNames(): string {
  return Array.from({ length: 180 }, (_, index) => `unknown-${index}@rehearsal.example`).join(',');
}
