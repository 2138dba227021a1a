// Who is answered at the address that programs give to those who watch over them.
import { once } from 'node:events';
import { copyFileSync, readFileSync, utimesSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { openEndpoint, type Watched } from '../../proto/operation/endpoint.ts';
import { type Leaf, makeCertificates } from '../certificates.ts';

const WATCHED: Watched = {
  health: () => 'ok',
  readiness: () => ({ ready: false, lines: ['store: waits for room'] }),
  metrics: async () => {
    throw new Error('/secret/path');
  },
};

test('what is not ready is answered with 503, and an error without its words', async () => {
  await using endpoint = await openEndpoint('127.0.0.1:0', WATCHED);
  const ready = await fetch(`http://${endpoint.address}/readyz?verbose`);
  expect([ready.status, await ready.text()]).toEqual([503, 'not ready\nstore: waits for room\n']);
  const metrics = await fetch(`http://${endpoint.address}/metrics`);
  expect([metrics.status, await metrics.text()]).toEqual([500, 'the metrics could not be read\n']);
});

test('beyond loopback only whoever has a certificate of the authority is answered', async () => {
  await expect(openEndpoint('0.0.0.0:0', WATCHED)).rejects.toThrow(/without TLS/);
  await using own = await makeCertificates();
  await using other = await makeCertificates();
  const [server, known, stranger] = [
    await own.leaf('server'),
    await own.leaf('known'),
    await other.leaf('stranger'),
  ];
  await using endpoint = await openEndpoint('0.0.0.0:0', WATCHED, { ca: own.ca, ...server });
  const port = Number(endpoint.address.split(':')[1]);
  const ask = (leaf: Leaf | null) =>
    new Promise<string>((resolve, reject) => {
      const identity = leaf === null ? {} : { cert: readFileSync(leaf.cert), key: readFileSync(leaf.key) };
      request(
        { host: 'localhost', port, path: '/healthz', ca: readFileSync(own.ca), agent: false, ...identity },
        (answer) => {
          answer.setEncoding('utf8').on('data', resolve);
        },
      )
        .on('error', reject)
        .end();
    });
  expect(await ask(known)).toBe('ok\n');
  await expect(ask(null)).rejects.toThrow();
  await expect(ask(stranger)).rejects.toThrow();
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
});

test('a certificate that was renewed is shown from the next connection on', async () => {
  await using own = await makeCertificates();
  const [before, after] = [await own.leaf('before'), await own.leaf('after')];
  const shown = async (port: number) => {
    const identity = { cert: readFileSync(before.cert), key: readFileSync(before.key) };
    const socket = connect({ host: 'localhost', port, ca: readFileSync(own.ca), ...identity });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return subject.CN;
  };
  const files = { cert: `${before.cert}.shown`, key: `${before.key}.shown` };
  copyFileSync(before.cert, files.cert);
  copyFileSync(before.key, files.key);
  await using endpoint = await openEndpoint('0.0.0.0:0', WATCHED, { ca: own.ca, ...files });
  const port = Number(endpoint.address.split(':')[1]);
  expect(await shown(port)).toBe('before');
  copyFileSync(after.cert, files.cert);
  utimesSync(files.cert, new Date(), new Date(Date.now() + 1_000)); // clocks of file systems are coarse
  expect(await shown(port)).toBe('before'); // the key does not fit yet
  copyFileSync(after.key, files.key);
  expect(await shown(port)).toBe('after');
});
