// The heap of a running Node process as its own inspector writes it down: opened by a signal, asked over a WebSocket.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '../process.ts';

const INSPECTOR = { host: '127.0.0.1', port: 9229 };

/** Everything that is alive in its heap, as JSON. */
export async function heapSnapshot(pid: number): Promise<Buffer> {
  process.kill(pid, 'SIGUSR1');
  let path = '';
  await until('its inspector listens', async () => {
    const listed = await fetch(`http://${INSPECTOR.host}:${INSPECTOR.port}/json/list`).catch(() => null);
    const [target] = ((await listed?.json()) ?? []) as { webSocketDebuggerUrl: string }[];
    path = target === undefined ? '' : new URL(target.webSocketDebuggerUrl).pathname;
    return path !== '';
  });
  const socket = connect(INSPECTOR);
  const key = randomBytes(16).toString('base64');
  const headers = [`GET ${path} HTTP/1.1`, `Host: ${INSPECTOR.host}:${INSPECTOR.port}`, 'Upgrade: websocket'];
  const more = ['Connection: Upgrade', `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13', '', ''];
  socket.write([...headers, ...more].join('\r\n'));
  await once(socket, 'connect');
  try {
    return await taken(socket);
  } finally {
    socket.destroy();
  }
}

async function taken(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const message of messages(socket)) {
    if (message === null) say(socket, { id: 1, method: 'HeapProfiler.takeHeapSnapshot' });
    else if (message.id === 1) return Buffer.concat(pieces);
    else if (message.params?.chunk !== undefined) pieces.push(Buffer.from(message.params.chunk));
  }
  throw new Error('the inspector has gone');
}

interface Message {
  id?: number;
  params?: { chunk?: string };
}

/** First null, when it listens. */
async function* messages(socket: Socket): AsyncGenerator<Message | null> {
  let rest: Buffer = Buffer.alloc(0);
  let isOpen = false;
  let text: Buffer[] = [];
  for await (const piece of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, piece]);
    if (!isOpen) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) continue;
      rest = rest.subarray(end + 4);
      isOpen = true;
      yield null;
    }
    for (let frame = frameIn(rest); frame !== null; frame = frameIn(rest)) {
      rest = rest.subarray(frame.end);
      text.push(frame.payload);
      if (!frame.isLast) continue;
      yield JSON.parse(Buffer.concat(text).toString()) as Message; // the inspector's own words
      text = [];
    }
  }
}

function frameIn(bytes: Buffer): { payload: Buffer; end: number; isLast: boolean } | null {
  if (bytes.length < 2) return null;
  const short = bytes.readUInt8(1) & 0x7f;
  const head = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < head) return null;
  const length =
    short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const end = head + length;
  if (bytes.length < end) return null;
  return { payload: bytes.subarray(head, end), end, isLast: (bytes.readUInt8(0) & 0x80) !== 0 };
}

/** What a client says is masked; with zeros that is the text itself. */
function say(socket: Socket, message: object): void {
  const text = Buffer.from(JSON.stringify(message));
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
}
