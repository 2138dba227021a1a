// An agent that a self-contained coordinator has started ahead of its first sweep, and that gets no orders.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, until } from '../process.ts';

function forked() {
  return fork(join(root, 'dist/agent/main.js'), [], {
    env: {},
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

function catches(pid: number, signal: number): boolean {
  const mask = /^SigCgt:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

test('it ends when it is told to', async () => {
  const agent = forked();
  const ended = once(agent, 'exit');
  // Node itself catches SIGTERM from its start; SIGHUP is only ours.
  await until('it takes signals', () => catches(agent.pid ?? 0, constants.signals.SIGHUP));
  agent.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('it ends when its coordinator goes', async () => {
  const agent = forked();
  const ended = once(agent, 'exit');
  agent.disconnect();
  expect(await ended).toEqual([0, null]);
});
