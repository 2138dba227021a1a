import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Place } from '../place.ts';
import { output, root } from '../process.ts';
import type { Measured, Spent } from './account/account.ts';
import { readDevices, writeDevices } from './inventory.ts';
import { roleOf } from './programs.ts';
import { inPlace, markdown, met, short, written } from './report.ts';
import { type Contender, contenders, cpuEach, least, median, rolesOf } from './rounds.ts';

const PLACE = ['<!-- printed by npm run bench -->', '<!-- end of what it printed -->'];
const NO_MEMORY = { processes: 1, peakMiB: 50, residentMiB: 60, proportionalMiB: 40 };

test('the least of the rounds counts, and ratios are to the first program', () => {
  const bare = program('bare ssh2', 1_000, [{ bare: 1_600 }, { bare: 1_500 }, { bare: 3_000 }]);
  const ours = program('netsweep', 1_000, [
    { workers: 2_000, agents: 400 },
    { workers: 1_900, agents: 350 },
  ]);
  expect(cpuEach(bare)).toBe(1.5);
  const [, [title, each, middle, ratio, seconds, rate] = []] = contenders([bare, ours]).rows;
  expect([title, each, middle, ratio, seconds, rate]).toEqual([
    'netsweep',
    '2.25',
    '2.33',
    '1.50',
    '2.00',
    '500',
  ]);
  expect(rolesOf(ours).rows.map(([role, cpu, cpuEach]) => [role, cpu, cpuEach])).toEqual([
    ['workers', '1,900', '1.90'],
    ['agents', '350', '0.35'],
  ]);
  expect([least([3, 1, 2]), median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([1, 2, 2.5]);
});

test('goals are met up to their limit, and told in the table', () => {
  const goal = { what: 'CPU', limit: 1.35, measured: 1.35, unit: ' x' };
  const rate = { what: 'rate', limit: 4_000, measured: 3_999, unit: '/s', atLeast: true };
  expect([met(goal), met({ ...goal, measured: 1.36 }), met(rate), met({ ...rate, measured: 4_000 })]).toEqual(
    [true, false, false, true],
  );
  const section = {
    name: 'one',
    title: 'One',
    notes: ['On it.'],
    tables: [],
    goals: [goal, rate],
    data: null,
  };
  expect(markdown([section])).toContain('| CPU | ≤ 1.35 x | 1.35 x | met |');
  expect(markdown([section])).toContain('| rate | ≥ 4,000/s | 3,999/s | missed |');
  expect(written({ head: ['a', 'b'], rows: [['1', '2']] })).toBe('| a | b |\n| --- | ---: |\n| 1 | 2 |');
  expect([short(0.1234), short(12.34), short(1234.5)]).toEqual(['0.12', '12.3', '1,235']);
});

test('a report takes the place of the one before in a document', () => {
  const document = inPlace(`# Title\n\n${PLACE.join('\n')}\n\nMore.\n`, 'first');
  expect(inPlace(document, 'second')).toBe(`# Title\n\n${PLACE.join('\n\nsecond\n\n')}\n\nMore.\n`);
  expect(() => inPlace('# Title\n', 'first')).toThrow('no place');
  const performance = readFileSync(join(root, 'docs/performance.md'), 'utf8');
  expect(inPlace(performance, 'a report')).toContain('\n\na report\n\n');
});

test('every process of ours has a role by its words, also behind setpriv', () => {
  const of = (words: string) => roleOf(`/usr/bin/setpriv --pdeathsig KILL -- /usr/bin/node ${words}`);
  expect(of('/x/dist/coordinator/main.js run -i devices.csv show')).toBe('command line');
  expect(of('/x/dist/coordinator/main.js private-coordinator /tmp/run')).toBe('coordinator');
  expect(of('/x/dist/agent/main.js')).toBe('agents');
  expect(of('/x/dist/agent/worker.js')).toBe('workers');
  expect(roleOf('/usr/bin/setpriv --pdeathsig KILL -- /usr/sbin/nats-server -c nats.conf')).toBe(
    'nats-server',
  );
  expect(roleOf('sh -c exec')).toBe(null);
});

test('the columns of an inventory are found by their names', () => {
  const text = 'port,name,host,platform,password,username\n22,R1,127.1.0.1,cisco_ios,secret,admin\n';
  const [device] = readDevices(text);
  expect(device).toEqual({ name: 'R1', host: '127.1.0.1', port: 22, username: 'admin', password: 'secret' });
  expect(readDevices(writeDevices([device ?? ({} as never)]))).toEqual([device]);
  expect(() => readDevices('name,host\nR1,127.1.0.1\n')).toThrow('needs the columns');
});

describe('a small run', () => {
  beforeAll(async () => {
    await output(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'test/bench/tsconfig.json')]);
  });

  test.each(['group', 'proc'])(
    'gives a table and a file in which every role has worked, counted by %s',
    async (way) => {
      await using place = await Place.open();
      const json = place.path('report.json');
      const words = [
        '--only',
        '1000',
        '--devices',
        '20',
        '--repeat',
        '1',
        '--fleet-processes',
        '1',
        '--json',
        json,
      ];
      const env = { ...process.env, NETSWEEP_BENCH_CPU: way };
      const said = await output(process.execPath, [join(root, '.cache/bench/test/bench/main.js'), ...words], {
        env,
        timeoutMs: 50_000,
      });
      expect(said).toMatch(/^\| bare ssh2 \| .*\n\| netsweep \| /m);
      const report = JSON.parse(readFileSync(json, 'utf8')) as { sections: { data: Contender[] }[] };
      const [bare, ours] = report.sections.flatMap(({ data }) => data.flatMap(({ rounds }) => rounds));
      expect(Object.keys(bare?.roles ?? {})).toEqual(['bare ssh2']);
      expect(Object.keys(ours?.roles ?? {}).sort()).toEqual([
        'agents',
        'command line',
        'coordinator',
        'nats-server',
        'workers',
      ]);
      for (const [role, spent] of Object.entries({ ...bare?.roles, ...ours?.roles })) {
        expect(spent.cpuMs, `CPU of ${role}`).toBeGreaterThan(0);
        expect(spent.peakMiB, `memory of ${role}`).toBeGreaterThan(1);
      }
    },
  );
});

/** Rounds of two seconds with so much CPU by role. */
function program(title: string, devices: number, rounds: Record<string, number>[]): Contender {
  const run = () => Promise.reject(new Error('not run'));
  return { title, devices, run, rounds: rounds.map(measured) };
}

function measured(cpu: Record<string, number>): Measured {
  const spent = (cpuMs: number): Spent => ({ ...NO_MEMORY, cpuMs });
  return {
    command: [],
    status: 0,
    signal: null,
    wallMs: 2_000,
    exact: true,
    roles: Object.fromEntries(Object.entries(cpu).map(([role, ms]) => [role, spent(ms)])),
    total: spent(Object.values(cpu).reduce((a, b) => a + b, 0)),
  };
}
