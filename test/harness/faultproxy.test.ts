// The link that tests make bad: it does what it says, one way at a time, and counts when it did.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { startCluster } from '../cluster.ts';
import { startFaultProxy } from '../faultproxy.ts';
import { until } from '../process.ts';

/** A server that says everything again, and what it has seen. */
class Echo implements AsyncDisposable {
  heard = '';
  readonly ends: string[] = [];
  readonly sockets: Socket[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.push(socket);
      socket.on('data', (data) => {
        this.heard += data.toString('latin1');
        socket.write(data);
      });
      socket.on('end', () => {
        this.ends.push('end');
        socket.end();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => this.ends.push(error.code ?? ''));
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // it listens on TCP
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

class Client implements Disposable {
  heard = Buffer.alloc(0);
  end = '';
  readonly socket: Socket;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (data) => {
      this.heard = Buffer.concat([this.heard, data]);
    });
    this.socket.on('end', () => {
      this.end ||= 'end';
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.end ||= error.code ?? '';
    });
  }

  async hears(bytes: number): Promise<number> {
    const since = performance.now();
    await until(`${bytes} bytes`, () => this.heard.length >= bytes);
    return performance.now() - since;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

test('a link without a fault passes every byte and the ends both ways', async () => {
  await using echo = await new Echo().start();
  await using proxy = await startFaultProxy({ target: echo.address });
  using client = new Client(proxy.port);
  const much = Buffer.alloc(3_000_000, 'abcdefgh');
  client.socket.end(much);
  await client.hears(much.length);
  expect(client.heard.equals(much)).toBe(true);
  await until('the end', () => client.end === 'end');
  expect(echo.ends).toEqual(['end']);
  expect([proxy.up.counts.bytes, proxy.down.counts.bytes]).toEqual([much.length, much.length]);
  await until('the connection is forgotten', () => proxy.open === 0);
});

test('a delay holds every piece back for its time and no longer, one way only', async () => {
  await using echo = await new Echo().start();
  await using proxy = await startFaultProxy({ target: echo.address });
  using client = new Client(proxy.port);
  client.socket.write('a');
  await client.hears(1);
  proxy.down.delay(300);
  client.socket.write('b');
  expect(await client.hears(2)).toBeGreaterThan(290);
  expect([proxy.up.counts.delayed, proxy.down.counts.delayed]).toEqual([0, 1]);
  proxy.down.delay(60_000);
  client.socket.write('c');
  await until('it is held', () => proxy.down.counts.delayed === 2);
  proxy.heal();
  await client.hears(3);
});

test('a stop in one direction leaves both sockets open, tells nobody of an end, and gives everything back', async () => {
  await using echo = await new Echo().start();
  await using proxy = await startFaultProxy({ target: echo.address });
  using client = new Client(proxy.port);
  client.socket.write('a');
  await client.hears(1);
  proxy.up.stop();
  client.socket.write('b');
  await until('it is held', () => proxy.up.counts.held === 1);
  echo.sockets[0]?.write('x');
  await client.hears(2);
  client.socket.end();
  using late = new Client(proxy.port);
  late.socket.write('c');
  await until('the newcomer is held too', () => proxy.up.counts.held === 2);
  expect({ heard: echo.heard, ends: echo.ends, end: client.end }).toEqual({ heard: 'a', ends: [], end: '' });
  proxy.heal();
  await until('all of it', () => echo.heard.length === 3 && echo.ends.length === 1);
  expect(client.heard.toString()).toBe('axb');
});

test('a cut is an end for both, a reset is one for both', async () => {
  await using echo = await new Echo().start();
  await using proxy = await startFaultProxy({ target: echo.address });
  using cut = new Client(proxy.port);
  cut.socket.write('a');
  await cut.hears(1);
  proxy.cut();
  await until('the end', () => cut.end === 'end' && echo.ends[0] === 'end');
  await until('it is gone', () => proxy.open === 0);
  using reset = new Client(proxy.port);
  reset.socket.write('a');
  await reset.hears(1);
  proxy.reset();
  await until('the reset', () => reset.end === 'ECONNRESET' && echo.ends[1] === 'ECONNRESET');
  expect(proxy.counts).toMatchObject({ cut: 1, reset: 1 });
});

test('a reset by one side reaches the other', async () => {
  await using echo = await new Echo().start();
  await using proxy = await startFaultProxy({ target: echo.address });
  using client = new Client(proxy.port);
  client.socket.write('a');
  await client.hears(1);
  client.socket.resetAndDestroy();
  await until('the reset', () => echo.ends[0] === 'ECONNRESET');
});

test('corruption changes one byte, at the place that the seed gives', async () => {
  await using echo = await new Echo().start();
  const places = [];
  for (const seed of [1, 1, 2]) {
    await using proxy = await startFaultProxy({ target: echo.address, seed });
    using client = new Client(proxy.port);
    proxy.down.corrupt();
    const sent = Buffer.alloc(1_000);
    client.socket.write(sent);
    await client.hears(sent.length);
    const wrong = [...client.heard.keys()].filter((at) => client.heard[at] !== 0);
    expect(wrong).toHaveLength(1);
    expect(proxy.down.counts.corrupted).toBe(1);
    places.push(wrong[0]);
  }
  expect(places[0]).toBe(places[1]);
  expect(places[0]).not.toBe(places[2]);
});

test('a limited link passes so many bytes a second over all its connections', async () => {
  await using echo = await new Echo().start();
  await using proxy = await startFaultProxy({ target: echo.address });
  using one = new Client(proxy.port);
  using other = new Client(proxy.port);
  proxy.up.limit(20_000);
  const since = performance.now();
  for (const { socket } of [one, other]) socket.write(Buffer.alloc(5_000));
  await Promise.all([one.hears(5_000), other.hears(5_000)]);
  expect(performance.now() - since).toBeGreaterThan(400);
  expect(proxy.up.counts.limited).toBeGreaterThan(10);
});

test('newcomers are refused, or meet a target that is away and comes back', async () => {
  await using echo = await new Echo().start();
  let target = echo.address;
  await using proxy = await startFaultProxy({ target: () => target });
  proxy.refuse();
  using refused = new Client(proxy.port);
  await until('the refusal', () => refused.end !== '');
  expect(proxy.counts).toMatchObject({ accepted: 0, refused: 1 });
  proxy.heal();
  target = '127.0.0.1:1';
  using early = new Client(proxy.port);
  await until('nobody there', () => early.end !== '');
  expect(proxy.counts).toMatchObject({ accepted: 1, unreached: 1 });
  target = echo.address;
  using late = new Client(proxy.port);
  late.socket.write('a');
  await late.hears(1);
});

test('a proxied cluster speaks over its links alone, also after they were cut', async () => {
  await using cluster = await startCluster({
    devices: 2,
    agents: [{ name: 'one', segments: ['default'] }],
    proxied: true,
  });
  const { client, coordinatorNats } = cluster.links;
  const { coordinator, nats } = cluster.linksOf('one');
  for (const sweep of ['before', 'after']) {
    const passed = [client, coordinatorNats, coordinator, nats].map((link) => link.up.counts.bytes);
    const { status } = await cluster.run(['show version']);
    expect(status, sweep).toBe(0);
    for (const [at, link] of [client, coordinatorNats, coordinator, nats].entries())
      expect(link.up.counts.bytes, `${sweep}: link ${at}`).toBeGreaterThan(passed[at] ?? 0);
    for (const link of [coordinatorNats, coordinator, nats]) link.cut();
  }
});
