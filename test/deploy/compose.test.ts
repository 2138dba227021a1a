// The compose file against the programs that it starts. There is no container engine here: what can be known without one.
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Place } from '../place.ts';
import { output, program, root } from '../process.ts';
import { readCompose, readImage, type Service } from './containers.ts';
import { VARIABLES, wrongIn } from './words.ts';

const { services, networks, volumes } = readCompose();
const images = { 'netsweep-coordinator': readImage('coordinator'), 'netsweep-agent': readImage('agent') };
const of = (image: string) => Object.entries(services).filter(([, service]) => service.image === image);
const ours = Object.entries(images).flatMap(([name, image]) =>
  of(name).map((one) => [...one, image] as const),
);
const nats = Object.entries(services).filter(([, { image }]) => image.includes('/nats:'));

test('containers are started with options and variables that their programs have', () => {
  for (const [name, service, image] of ours) {
    const { entrypoint = image.entrypoint, command = image.command, environment = {} } = service;
    const [file = '', ...words] = [...entrypoint, ...command];
    if (file !== 'sh') expect(wrongIn(file, words), name).toBeNull();
    const keys = Object.keys({ ...image.variables, ...environment }).filter((key) =>
      key.startsWith('NETSWEEP_'),
    );
    expect(
      keys.filter((key) => !VARIABLES.has(key)),
      name,
    ).toEqual([]);
  }
});

test('no container has more rights than it needs, and each has limits', () => {
  for (const [name, service] of Object.entries(services)) {
    expect(service, name).toMatchObject({ read_only: true, cap_drop: ['ALL'] } satisfies Partial<Service>);
    expect(service.security_opt, name).toEqual(['no-new-privileges:true']);
    expect(service.ulimits?.core, name).toBe(0);
    expect(service.mem_limit && service.pids_limit, name).toBeTruthy();
    if (name !== 'init') expect(service.stop_grace_period, name).toBe('60s'); // a drain takes 30 at most
  }
  for (const [name, service] of nats) expect(service.user, name).toBe('1000:1000');
  for (const image of Object.values(images)) expect(image.user).toBe('node');
});

test('an agent is in one segment and beside the coordinator, and what is in between reaches nothing outside', () => {
  const segments = of('netsweep-agent').map(([name, { networks = [], volumes: mounted }]) => {
    expect(networks[0]).toBe('control');
    expect(mounted).toEqual([`${name}:${images['netsweep-agent'].volume}`]);
    return networks.slice(1);
  });
  expect(segments.map((one) => one.length)).toEqual([1, 1, 1]);
  expect(new Set(segments.flat()).size).toBe(3);
  expect(networks.control).toEqual({ internal: true });
  expect(nats.map(([, { networks: all, ports }]) => [all, ports])).toEqual(
    Array(3).fill([['control'], undefined]),
  );
});

test('health is asked where each program answers it, and state is kept on volumes', () => {
  const [coordinator, agent] = [images['netsweep-coordinator'], images['netsweep-agent']];
  expect(coordinator.health).toBe(`${coordinator.variables.NETSWEEP_HTTP}/healthz`);
  expect(agent.health).toBe(`${agent.variables.NETSWEEP_AGENT_HTTP}/healthz`);
  expect(coordinator.volume).toBe(coordinator.variables.NETSWEEP_STATE);
  expect([agent.volume, agent.volume]).toEqual([
    agent.variables.NETSWEEP_AGENT_IDENTITY,
    agent.variables.TMPDIR, // of results that can't be handed on yet
  ]);
  expect(services.coordinator?.ports?.[0]).toMatch(/:7440:7440$/);
  const used = Object.values(services).flatMap((service) =>
    (service.volumes ?? []).map((one) => one.split(':')[0]),
  );
  expect([...new Set(used)].sort()).toEqual(Object.keys(volumes).sort());
});

test('what is run first makes what the NATS servers are started with, once', async () => {
  await using place = await Place.open();
  const { init } = services;
  await mkdir(place.path('bin'));
  await symlink(join(root, 'dist/coordinator/main.js'), place.path('bin/netsweep'));
  for (const [name] of nats) await mkdir(place.path(`srv/${name}`), { recursive: true });
  const script = (init?.command?.[0] ?? '').replaceAll('$$', '$').replaceAll('/srv/', place.path('srv/'));
  const env = {
    ...place.environment(),
    PATH: `${place.path('bin')}:${process.env.PATH}`,
    NETSWEEP_STATE: place.path('state'),
    HOSTS: init?.environment?.HOSTS?.replace(/\$\{\w+:-(.*)\}/, '$1') ?? '',
  };
  const first = await output('sh', ['-euc', script], { env });
  expect(first).toContain('the coordinator is reached as coordinator, localhost, 127.0.0.1, ::1');
  const again = await output('sh', ['-euc', script], { env });
  expect(again).toBe('');
  for (const [name, service] of nats) {
    const folder = place.path(`srv/${name}`);
    expect(readdirSync(folder).sort()).toEqual(['ca.crt', 'nats-server.conf', 'tls.crt', 'tls.key']);
    const [file = '', ...words] = service.command ?? [];
    await output(program(file) ?? file, [...words, '-t'], { cwd: folder }); // its own check of the configuration
    const conf = readFileSync(join(folder, 'nats-server.conf'), 'utf8');
    expect(service.healthcheck?.test?.at(-1)).toContain(/^http: "(.*)"$/m.exec(conf)?.[1]);
    expect(conf).toContain(`@${name}:6222`);
    expect(service.volumes).toEqual([`${name}:${service.working_dir}`]);
  }
});
