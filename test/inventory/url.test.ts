// An inventory over HTTP, from a server of the test's own.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { InputError } from '../../coordinator/inventory/inventory.js';
import { readInventory } from '../../coordinator/inventory/read.js';
import { reasonOf } from '../../coordinator/inventory/wording.js';
import { Platforms } from '../../proto/platform.js';

const PAGES: Record<string, string> = {
  '/busy.csv': 'name,host\nR5,10.0.0.5\n',
  '/lab.csv': 'name,host,platform\nR1,10.0.0.1,cisco_ios\n',
  '/lab': '[{"name": "R2", "host": "10.0.0.2", "platform": "cisco_ios"}]',
  '/bad.yaml': '- {name: R3, host: 10.0.0.3, port: 70000}\n',
  '/cmd.yaml': '- {name: R4, host: 10.0.0.4, password: "cmd:id"}\n',
};

async function served() {
  let isBusy = true;
  const server = createServer((request, response) => {
    if (request.url === '/busy.csv' && isBusy) {
      isBusy = false;
      response.writeHead(503).end();
      return;
    }
    const page = PAGES[request.url ?? ''];
    if (request.url === '/locked.yaml') return void response.writeHead(401).end();
    response.writeHead(page === undefined ? 404 : 200).end(page ?? 'no');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    read: (...paths: string[]) =>
      readInventory(
        paths.map((path) => `http://127.0.0.1:${port}${path}`),
        { cwd: '/', stdin: (async function* () {})(), env: {}, platforms: new Platforms() },
      ),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('several URLs make one inventory, their shapes told by name or content', async () => {
  await using server = await served();
  const { entries } = await server.read('/lab.csv', '/lab');
  expect(entries.map(({ name, at }) => [name, at.file])).toEqual([
    ['R1', `${server.url}/lab.csv`],
    ['R2', `${server.url}/lab`],
  ]);
});

test('a server that is busy is asked again', async () => {
  await using server = await served();
  expect((await server.read('/busy.csv')).entries.map(({ name }) => name)).toEqual(['R5']);
});

test.each([
  ['/bad.yaml', '/bad.yaml:1:36: port is not a port number'],
  ['/nowhere.yaml', '/nowhere.yaml:1:1: cannot be read (the server answered 404 Not Found)'],
  [
    '/locked.yaml',
    '/locked.yaml:1:1: cannot be read (the server answered 401 Unauthorized; no login is sent: fetch it with what has one, and pass it on as -i -)',
  ],
  ['/cmd.yaml', '/cmd.yaml:1:40: password cannot use cmd: in this file'],
])('what is wrong with %s is said at its place', async (path, message) => {
  await using server = await served();
  const refusal = await server.read(path).then(
    () => null,
    (error: unknown) => error,
  );
  expect(refusal).toBeInstanceOf(InputError);
  expect(String(refusal)).toContain(`${server.url}${message}`);
});

test('a certificate that nobody vouches for is told with what would help', () => {
  const cause = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(reasonOf(new TypeError('fetch failed', { cause }))).toBe(
    'self-signed certificate; NODE_EXTRA_CA_CERTS=FILE names an authority to trust',
  );
});

test('a server that is not there is an input error', async () => {
  const { url } = await served().then(async (server) => {
    await server[Symbol.asyncDispose]();
    return server;
  });
  const io = { cwd: '/', stdin: (async function* () {})(), env: {}, platforms: new Platforms() };
  await expect(readInventory([`${url}/lab.csv`], io)).rejects.toThrow(
    /:1:1: cannot be read \(.*ECONNREFUSED/,
  );
});
