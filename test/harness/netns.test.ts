import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { namespacesMissing, startNamespaces } from '../netns.ts';
import { asRoot, output, program, run, until } from '../process.ts';

/** Exit status 0 if a TCP connection opens. */
function connecting(host: string, port: number): [string, string[]] {
  return ['timeout', ['2', 'bash', '-c', `exec 3<>/dev/tcp/${host}/${port}`]];
}

const listening = (host: string) => [
  '-e',
  `require('node:net').createServer((socket) => socket.end()).listen(0, '${host}', function () { console.log(this.address().port); })`,
];

describe.skipIf(namespacesMissing !== null)('two network namespaces', () => {
  test('reach the system and are reached from it', async () => {
    await using namespaces = await startNamespaces();
    for (const namespace of [namespaces.a, namespaces.b]) {
      const server = createServer((socket) => socket.end()).listen(0, namespace.gateway);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      expect((await namespace.run(...connecting(namespace.gateway, port))).status).toBe(0);
      server.close();

      const inside = namespace.spawn(process.execPath, listening(namespace.address));
      const [line] = await once(inside.stdout ?? inside, 'data');
      expect((await run(...connecting(namespace.address, Number(line)))).status).toBe(0);
    }
  });

  test('do not reach each other, and each has a loopback of its own', async () => {
    await using namespaces = await startNamespaces();
    const { a, b } = namespaces;
    const wire = a.spawn(process.execPath, listening(a.address));
    const loopback = a.spawn(process.execPath, listening('127.0.0.9'));
    const [wirePort] = await once(wire.stdout ?? wire, 'data');
    const [loopbackPort] = await once(loopback.stdout ?? loopback, 'data');
    expect((await a.run(...connecting(a.address, Number(wirePort)))).status).toBe(0);
    expect((await b.run(...connecting(a.address, Number(wirePort)))).status).not.toBe(0);
    expect((await a.run(...connecting('127.0.0.9', Number(loopbackPort)))).status).toBe(0);
    expect((await b.run(...connecting('127.0.0.9', Number(loopbackPort)))).status).not.toBe(0);
    expect((await run(...connecting('127.0.0.9', Number(loopbackPort)))).status).not.toBe(0);
  });

  test('leave nothing behind, and take away what a killed run left', async () => {
    const ip = program('ip') ?? 'ip';
    const { pid } = spawnSync('true'); // of a process that is no more
    const stale = `netsweep-${pid}-1`;
    await output(...asRoot(ip, ['netns', 'add', stale]));
    const namespaces = await startNamespaces();
    const child = namespaces.a.spawn('sleep', ['1000']);
    const during = await output(ip, ['netns', 'list']);
    expect(during).toContain(namespaces.a.name);
    expect(during).not.toContain(stale);
    await namespaces[Symbol.asyncDispose]();
    await until('its process ended', () => child.signalCode !== null || child.exitCode !== null);
    expect(await output(ip, ['netns', 'list'])).not.toContain(`netsweep-${process.pid}-`);
    expect(await output(ip, ['-o', 'link'])).not.toContain(`nsw${process.pid}`);
  });
});
