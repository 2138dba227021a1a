// `npm run restart`: how long a coordinator takes from its start to its first answers with a million reports in its
// store, after a kill in the middle of writing; without an open sweep, and with one that is half done. RESTART_SWEEPS
// and RESTART_DEVICES choose others.
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ListReply } from '../../proto/gen/netsweep/v1/sweeps.ts';
import { Serve } from '../cluster.ts';
import { startNats } from '../nats.ts';
import { Place } from '../place.ts';
import { fillStore } from './filling.ts';

const SWEEPS = Number(process.env.RESTART_SWEEPS ?? 10);
const DEVICES = Number(process.env.RESTART_DEVICES ?? 100_000);
const LIMIT_MS = 5_000;

test.each([0, DEVICES / 2])('a restart with a sweep of which %i devices are done', async (doneOfOpen) => {
  await using place = await Place.open();
  await using nats = await startNats();
  const directory = join(place.path('coordinator'), 'serve');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const began = performance.now();
  await fillStore({ directory, sweeps: SWEEPS, devices: DEVICES, doneOfOpen });
  say(
    `\n${SWEEPS} x ${DEVICES} devices written in ${since(began)}, killed while writing, ${sizes(directory)}`,
  );

  const started = performance.now();
  const serve = await Serve.open(place, nats.url);
  try {
    say(`ready after ${since(started)}`);
    expect((await list(serve, 'last')).sweeps).toHaveLength(1);
    const answered = performance.now() - started;
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${serve.pid}/status`, 'utf8'))?.[1];
    say(
      `first answered call after ${since(started)}, at most ${Math.round(Number(peak) / 1e3)} MB of memory`,
    );
    const { sweeps } = await list(serve, '');
    const reports = sweeps.reduce((sum, { counts }) => sum + (counts?.ok ?? 0), 0);
    say(`${sweeps.length} sweeps with ${reports} reports; load ${loadavg()[0]?.toFixed(1)}`);
    expect(reports).toBeGreaterThanOrEqual(SWEEPS * DEVICES + doneOfOpen);
    expect(answered).toBeLessThan(LIMIT_MS);
  } finally {
    await serve.stop('SIGKILL');
  }
});

async function list(serve: Serve, sweep: string): Promise<ListReply> {
  using client = serve.client();
  return await new Promise((resolve, reject) => {
    client.list({ sweep, limit: 0 }, (error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

function sizes(directory: string): string {
  const size = (name: string) => `${name} ${Math.round(statSync(join(directory, name)).size / 1e6)} MB`;
  return `${size('store.db')}, ${size('store.db-wal')}`;
}

function since(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(2)} s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
