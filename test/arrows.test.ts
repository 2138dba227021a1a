// The house rules that a machine can check: who may import whom, and which file owns which library.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Owners of libraries that only one place may know, as prefixes of paths. */
const OWNERS: Record<string, string[]> = {
  ssh2: [
    'agent/ssh/connection.ts',
    'agent/ssh/channel.ts',
    'agent/ssh/protocol.d.ts',
    'agent/ssh/shell.ts',
    'agent/ssh/authentication.ts',
    'agent/ssh/secretpackets.ts',
    'agent/ssh/economy.ts',
    'agent/ssh/privatekey.ts',
    'agent/fleet/sshd.ts',
  ],
  '@photostructure/sqlite': ['coordinator/store/sql.ts'],
  '@nats-io/': [
    'proto/natsconnect.ts',
    'coordinator/sweep/offers.ts',
    'coordinator/sweep/natsconnection.ts',
    'coordinator/identity/nats',
    'agent/lease.ts',
    'agent/natslink.ts',
  ],
  '@grpc/grpc-js': [
    'proto/gen/',
    'proto/identity/join.ts',
    'coordinator/intake/',
    'coordinator/identity/',
    'coordinator/history/answers.ts',
    'coordinator/connect.ts',
    'coordinator/service.ts',
    'coordinator/coordinator.ts',
    'coordinator/schedule/service.ts',
    'coordinator/report/keeping.ts',
    'coordinator/cli/',
    'agent/uplink.ts',
    'agent/channel.ts',
  ],
  '@peculiar/': ['proto/identity/certificaterequest.ts', 'coordinator/identity/authority.ts'],
  'reflect-metadata': ['proto/identity/certificaterequest.ts'],
  croner: ['coordinator/schedule/cron.ts'],
  nodemailer: ['coordinator/notices/mail.ts'],
  '@jmespath-community/': ['coordinator/audit/rowsexpression.ts'],
  diff: ['coordinator/history/compare.ts'],
  pino: ['coordinator/serve.ts', 'agent/main.ts'],
  '@lezer/': ['coordinator/inventory/'],
  'csv-parse': ['coordinator/inventory/'],
};

/** The parent's side and the child's side of a worker; they meet in ipc.ts. */
const PARENT = [
  'lease',
  'trust',
  'carrier',
  'claims',
  'places',
  'ports',
  'task',
  'pool',
  'workerprocess',
  'uplink',
  'channel',
  'host',
  'results',
  'spool',
  'agent',
  'main',
].map((name) => `agent/${name}.ts`);
const CHILD = [
  'agent/worker.ts',
  'agent/turns.ts',
  'agent/session/',
  'agent/ssh/',
  'agent/line/',
  'agent/record/',
];
/** What a worker is made of, from the ground up; nothing here needs what lies above it. */
const FLOORS = ['agent/ssh/', 'agent/line/', 'agent/record/', 'agent/session/'];

/** What has begun before it loads gRPC, which takes as long as to start Node. Worst of all where nobody needs it. */
const LIGHT = [
  'coordinator/main.ts',
  'coordinator/private.ts',
  'coordinator/store/thread.ts',
  'coordinator/cli/program.ts',
  'coordinator/cli/end.ts',
  'coordinator/cli/run.ts',
  'agent/worker.ts',
];

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

const files = ['proto', 'coordinator', 'agent'].flatMap((folder) => sources(join(root, folder)));
const imports = files.flatMap(importsOf);

test('coordinator and agent never import each other, and proto imports nothing of ours', () => {
  const wrong = imports.filter(({ from, to }) => {
    const [side, other] = [from.split('/')[0], to.split('/')[0]];
    if (!['proto', 'coordinator', 'agent'].includes(other ?? '')) return false;
    return side !== other && (side === 'proto' || other !== 'proto');
  });
  expect(wrong).toEqual([]);
});

test('each library has its owner', () => {
  const wrong = imports.filter(({ from, to }) => {
    const library = Object.keys(OWNERS).find(
      (name) => to === name || to.startsWith(name.endsWith('/') ? name : `${name}/`),
    );
    return library !== undefined && !OWNERS[library]?.some((owner) => from.startsWith(owner));
  });
  expect(wrong).toEqual([]);
});

test('the parent and the child of a worker meet only in ipc.ts', () => {
  const wrong = imports.filter(
    ({ from, to, typeOnly }) =>
      !typeOnly && PARENT.includes(from) && CHILD.some((place) => to.startsWith(place)),
  );
  expect(wrong).toEqual([]);
});

test('what lies lower in a worker needs nothing that lies higher', () => {
  const floor = (file: string) => FLOORS.findIndex((place) => file.startsWith(place));
  const wrong = imports.filter(
    ({ from, to, typeOnly }) => !typeOnly && floor(from) >= 0 && floor(to) > floor(from),
  );
  expect(wrong).toEqual([]);
});

test('help, a plan, a worker and the thread of the store load no gRPC', () => {
  const reach = (file: string, seen: Set<string>): Set<string> => {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const { from, to, typeOnly } of imports) if (from === file && !typeOnly) reach(to, seen);
    return seen;
  };
  const loads = (file: string) => reach(file, new Set()).has('@grpc/grpc-js');
  expect(LIGHT.filter((file) => !files.includes(file) || loads(file))).toEqual([]);
  expect(loads('coordinator/connect.ts')).toBe(true);
});

test('no file imports itself in a circle, be it for a type', () => {
  const graph = new Map<string, string[]>();
  for (const { from, to } of imports)
    if (files.includes(to)) graph.set(from, [...(graph.get(from) ?? []), to]);
  expect(circles(graph)).toEqual([]);
});

test('there is no default export and no folder for leftovers', () => {
  expect(files.filter((file) => /^export default/m.test(text(file)))).toEqual([]);
  expect(files.filter((file) => /(^|\/)(common|utils|helpers)(\/|\.ts$)/.test(file))).toEqual([]);
});

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): Import[] {
  const found = text(file).matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm);
  return Array.from(found, ([, type, to = '']) => ({
    from: file,
    to: target(file, to),
    typeOnly: type !== undefined,
  }));
}

function target(file: string, to: string): string {
  if (!to.startsWith('.')) return to;
  return relative(root, resolve(root, dirname(file), to)).replace(/\.js$/, '.ts');
}

function text(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** Every strongly connected set of more than one file, found by walking back to where a walk began. */
function circles(graph: Map<string, string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (file: string, path: string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      found.push(path.slice(at));
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return found;
}
