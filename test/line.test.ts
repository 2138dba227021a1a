// A gRPC channel whose first attempts to connect hang: accepted, and never answered.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { ChannelCredentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { AgentsClient } from '../proto/gen/netsweep/v1/agent_service.ts';
import { Line } from '../proto/line.ts';
import { until } from './process.ts';

const READY = 2;
const ATTEMPT_MS = 1_000;

test.concurrent.each([1, 2, 4, 6])(
  '%i attempts that hang do not keep the next from connecting',
  async (hanging) => {
    const server = new Server();
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    const sockets: Socket[] = [];
    const door = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      if (sockets.length <= hanging) return;
      const inside = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.pipe(inside).pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(door, 'listening');
    const { port: outside } = door.address() as AddressInfo;
    const line = new Line(
      () =>
        new AgentsClient(`127.0.0.1:${outside}`, ChannelCredentials.createInsecure(), {
          'grpc.use_local_subchannel_pool': 1,
        }),
      ATTEMPT_MS,
    );
    const state = () => line.client.getChannel().getConnectivityState(true);
    try {
      await until('it is through', () => state() === READY);
      expect(sockets.length).toBeGreaterThan(hanging);
      const through = line.client;
      await new Promise((resolve) => setTimeout(resolve, 3 * ATTEMPT_MS));
      expect(line.client === through && state() === READY).toBe(true);
    } finally {
      line.close();
      for (const socket of sockets) socket.destroy();
      door.close();
      server.forceShutdown();
    }
  },
);
