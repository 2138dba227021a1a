// The Kubernetes manifests against the programs and against one another. There is no cluster here: what can be known
// without one.
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { TLS_FILES } from '../../coordinator/identity/natsconf.ts';
import { readJoinToken } from '../../proto/identity/jointoken.ts';
import { Place } from '../place.ts';
import { output, program, root, until } from '../process.ts';
import { readCompose, readImage } from './containers.ts';
import { type Container, FOLDER, type Manifest, type Pod, readManifests, selects } from './manifests.ts';
import { VARIABLES, wrongIn } from './words.ts';

const manifests = readManifests();
const named = (kind: string, name: string) =>
  manifests.find((one) => one.kind === kind && one.metadata.name === name);
const workloads = manifests.flatMap(({ kind, metadata, spec }) =>
  kind === 'StatefulSet' && spec.template
    ? [{ name: metadata.name, set: spec, metadata: spec.template.metadata, spec: spec.template.spec }]
    : [],
);
const agents = workloads.filter(({ metadata }) => metadata.labels.segment !== undefined);
const all = ({ initContainers = [], containers }: Pod): Container[] => [...initContainers, ...containers];
const probes = (one: Container) =>
  [one.startupProbe, one.readinessProbe, one.livenessProbe].map((probe) => probe?.exec.command.at(-1) ?? '');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const images = {
  [`netsweep-coordinator:${version}`]: readImage('coordinator'),
  [`netsweep-agent:${version}`]: readImage('agent'),
};
/** What `script` of an init container says, where it is run here. */
const script = ({ args = [] }: Container) => args[0] ?? '';

test('everything is in one namespace that takes restricted pods only, and is listed for kustomize', () => {
  expect(named('Namespace', 'netsweep')?.metadata.labels).toMatchObject({
    'pod-security.kubernetes.io/enforce': 'restricted',
  });
  for (const { kind, metadata } of manifests)
    if (kind !== 'Namespace') expect(metadata.namespace, `${kind} ${metadata.name}`).toBe('netsweep');
  const { resources } = parse(readFileSync(join(root, FOLDER, 'kustomization.yaml'), 'utf8')) as {
    resources: string[];
  };
  expect(resources.toSorted()).toEqual(readdirSync(join(root, FOLDER, 'base')).map((name) => `base/${name}`));
});

test('pods have no more rights than the restricted level lets them, and limits, probes and time to drain', () => {
  expect(workloads.map(({ name }) => name).sort()).toEqual(['coordinator', 'dc1', 'dc2', 'dc3', 'nats']);
  for (const { name, spec: pod } of workloads) {
    expect(pod.automountServiceAccountToken, name).toBe(false);
    expect(pod.terminationGracePeriodSeconds, name).toBeGreaterThan(30);
    expect(pod.securityContext, name).toMatchObject({
      runAsNonRoot: true,
      // Keys that a group may read are refused, so modes are left alone.
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const one of all(pod)) {
      expect(one.securityContext, one.name).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(one.resources?.limits?.memory, one.name).toBeTruthy();
    }
    for (const one of pod.containers) expect(probes(one).every(Boolean), one.name).toBe(true);
  }
});

test('containers are started with options and variables that their programs have, from images named alike', () => {
  for (const one of workloads.flatMap(({ spec }) => all(spec))) {
    const image = images[one.image];
    if (image === undefined) {
      expect(one.image).toBe(readCompose().services['nats-1']?.image);
      continue;
    }
    const [file = '', ...words] = [...(one.command ?? image.entrypoint), ...(one.args ?? image.command)];
    if (file !== 'sh') expect(wrongIn(file, words), one.name).toBeNull();
    const keys = (one.env ?? []).map(({ name }) => name).filter((name) => name.startsWith('NETSWEEP_'));
    expect(keys.filter((key) => !VARIABLES.has(key))).toEqual([]);
    expect((one.volumeMounts ?? []).map(({ mountPath }) => mountPath)).toContain(image.volume);
  }
});

test('health is asked where the programs answer it', () => {
  for (const { containers } of workloads.map(({ spec }) => spec))
    for (const one of containers) {
      const image = images[one.image];
      const at = image ? (image.variables.NETSWEEP_AGENT_HTTP ?? image.variables.NETSWEEP_HTTP) : null;
      const where = probes(one).map((url) => url.replace(/^http:\/\/|\?.*/g, ''));
      const nats = Array(3).fill('127.0.0.1:8222/healthz');
      expect(where).toEqual(at ? [`${at}/healthz`, `${at}/readyz`, `${at}/healthz`] : nats);
    }
});

describe('network policies', () => {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
  const of = (labels: Record<string, string>) =>
    policies.filter(({ spec }) => selects(spec.podSelector?.matchLabels, labels));
  const portsOf = (rules: Manifest['spec']['egress'] = []) =>
    rules.flatMap(({ ports }) => ports.map(({ port }) => port));

  test('close everything that is not opened', () => {
    const [closed] = policies.filter(({ spec }) => Object.keys(spec.podSelector ?? {}).length === 0);
    expect(closed?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    for (const { spec, metadata } of policies)
      for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
        expect(rule.ports.length, metadata.name).toBeGreaterThan(0);
        expect((rule.from ?? rule.to ?? []).length, metadata.name).toBeGreaterThan(0);
      }
  });

  test('open the ports that are listened on, to those who connect there', () => {
    for (const name of ['nats', 'coordinator']) {
      const pod = workloads.find((one) => one.name === name);
      const listened = (pod?.spec.containers[0]?.ports ?? []).map(({ containerPort }) => containerPort);
      expect(named('Service', name)?.spec.ports?.map(({ port }) => port)).toEqual(listened);
      expect(portsOf(of(pod?.metadata.labels ?? {}).flatMap(({ spec }) => spec.ingress ?? []))).toEqual(
        listened,
      );
    }
  });

  test('let an agent reach the devices that it may connect to, those of its segment alone', () => {
    for (const { name, metadata, spec } of agents) {
      const reached = of(metadata.labels).flatMap((policy) => policy.spec.egress ?? []);
      const outside = reached.filter(({ to }) => to?.some(({ ipBlock }) => ipBlock !== undefined));
      const env = Object.fromEntries(spec.containers[0]?.env?.map((one) => [one.name, one.value]) ?? []);
      expect(
        outside.map(({ to }) => to?.map(({ ipBlock }) => ipBlock?.cidr)),
        name,
      ).toEqual([[env.NETSWEEP_ALLOW_TARGETS]]);
      expect(portsOf(outside).map(String), name).toEqual([env.NETSWEEP_ALLOW_PORTS]);
      expect(
        of(metadata.labels).flatMap((policy) => policy.spec.ingress ?? []),
        name,
      ).toEqual([]);
    }
  });
});

test('a disruption takes one NATS server, and one agent of a segment, at a time', () => {
  for (const { name, metadata } of [...agents, ...workloads.filter((one) => one.name === 'nats')]) {
    const budget = named('PodDisruptionBudget', name)?.spec;
    expect(budget?.maxUnavailable, name).toBe(1);
    expect(selects(budget?.selector?.matchLabels, metadata.labels), name).toBe(true);
  }
});

test('what runs first makes the coordinator, whose NATS servers and tokens become the Secrets that pods mount', async () => {
  await using place = await Place.open();
  const pods = new Map(workloads.map((one) => [one.name, one]));
  const init = pods.get('coordinator')?.spec.initContainers?.[0];
  await mkdir(place.path('bin'));
  await symlink(join(root, 'dist/coordinator/main.js'), place.path('bin/netsweep'));
  // Runs what is to be run in a pod right here, and keeps what it is given.
  await place.write(
    'bin/kubectl',
    `#!/usr/bin/env bash
    case "$3" in
      exec) [ "$4 $5 $6" = "coordinator-0 --container coordinator" ] && exec "\${@:8}" ;;
      delete) exit 0 ;;
      create) cat >>"$HOME/secrets.yaml"; echo --- >>"$HOME/secrets.yaml" ;;
    esac`,
  );
  await output('chmod', ['+x', place.path('bin/kubectl')]);
  const state = place.path('state');
  place.env.PATH = `${place.path('bin')}:${process.env.PATH}`;
  place.env.NETSWEEP_STATE = state;
  const env = {
    ...place.environment(),
    ...Object.fromEntries(init?.env?.map(({ name, value }) => [name, value]) ?? []),
  };
  expect(await output('sh', ['-euc', script(init as Container)], { env })).toContain('start next:');
  expect(await output('sh', ['-euc', script(init as Container)], { env })).toBe('');
  await using serve = place.start(['serve', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0']);
  await until('its socket is there', () => serve.stderr.includes('waiting for NATS'));

  const secrets = readFileSync(join(root, FOLDER, 'secrets.sh'), 'utf8').replaceAll(
    '/var/lib/netsweep/',
    `${state}/`,
  );
  await place.write('secrets.sh', secrets);
  for (const words of [['nats'], ['join', 'dc1', '2']])
    await output('bash', [place.path('secrets.sh'), ...words], { env });
  const [nats, tokens] = readFileSync(place.path('secrets.yaml'), 'utf8')
    .split('---\n')
    .map((text) => parse(text) as { metadata: { name: string }; data: Record<string, string> });
  const text = (secret: typeof nats, key: string) =>
    Buffer.from(secret?.data[key] ?? '', 'base64').toString();

  // Each server finds its files where its configuration looks for them, and is started where paths begin.
  const server = pods.get('nats');
  const [container] = server?.spec.containers ?? [];
  expect(server?.spec.volumes?.[0]?.secret?.secretName).toBe(nats?.metadata.name);
  for (const at of [0, 1, 2]) {
    const name = `${server?.name}-${at + (server?.set.ordinals?.start ?? 0)}`;
    const folder = place.path(`pods/${name}`);
    await mkdir(join(folder, 'data'), { recursive: true });
    for (const { mountPath, subPathExpr, subPath } of container?.volumeMounts ?? []) {
      const key = subPathExpr?.replace('$(POD_NAME)', name) ?? subPath;
      const file = mountPath.replace(`${container?.workingDir}/`, '');
      if (key !== undefined) await place.write(`pods/${name}/${file}`, text(nats, key));
    }
    expect(readdirSync(folder).sort()).toEqual(
      ['data', 'nats-server.conf', ...Object.values(TLS_FILES)].sort(),
    );
    const [file = '', ...words] = container?.command ?? [];
    await output(program(file) ?? file, [...words, '-t'], { cwd: folder }); // its own check of the configuration
    const conf = readFileSync(join(folder, 'nats-server.conf'), 'utf8');
    expect(conf).toContain(`@${name}.${server?.set.serviceName}.netsweep.svc:6222`);
    expect(conf).toContain('store_dir: "data"');
  }

  const [dc1] = agents;
  expect(dc1?.spec.volumes?.[0]?.secret?.secretName).toBe(tokens?.metadata.name);
  expect(Object.keys(tokens?.data ?? {})).toEqual(['dc1-0', 'dc1-1']);
  expect(readJoinToken(text(tokens, 'dc1-1').trim())?.address).toMatch(/^coordinator\.netsweep\.svc:\d+$/);
});
