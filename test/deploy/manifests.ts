// The Kubernetes manifests as data, no more of them than tests look at.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { root } from '../process.ts';

export const FOLDER = 'deploy/kubernetes';

export interface Probe {
  exec: { command: string[] };
}

export interface Container {
  name: string;
  image: string;
  workingDir?: string;
  command?: string[];
  args?: string[];
  env?: { name: string; value?: string }[];
  ports?: { name: string; containerPort: number }[];
  startupProbe?: Probe;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  resources?: { limits?: { memory?: string } };
  securityContext?: unknown;
  volumeMounts?: { name: string; mountPath: string; subPathExpr?: string; subPath?: string }[];
}

export interface Pod {
  automountServiceAccountToken?: boolean;
  terminationGracePeriodSeconds?: number;
  securityContext?: unknown;
  initContainers?: Container[];
  containers: Container[];
  volumes?: { name: string; secret?: { secretName: string; optional?: boolean } }[];
}

type Labels = Record<string, string>;

export interface Rule {
  from?: Peer[];
  to?: Peer[];
  ports: { protocol: string; port: number }[];
}

interface Peer {
  podSelector?: { matchLabels?: Labels };
  namespaceSelector?: { matchLabels?: Labels };
  ipBlock?: { cidr: string };
}

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Labels };
  spec: {
    replicas?: number;
    serviceName?: string;
    ordinals?: { start: number };
    maxUnavailable?: number;
    clusterIP?: string;
    selector?: Labels & { matchLabels?: Labels };
    ports?: { name: string; port: number }[];
    template?: { metadata: { labels: Labels }; spec: Pod };
    podSelector?: { matchLabels?: Labels };
    policyTypes?: string[];
    ingress?: Rule[];
    egress?: Rule[];
  };
}

export function readManifests(): Manifest[] {
  const folder = join(root, FOLDER, 'base');
  return readdirSync(folder).flatMap((name) =>
    parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((one) => one.toJS() as Manifest),
  );
}

/** Whether all of `wanted` are among `labels`. */
export function selects(wanted: Labels | undefined, labels: Labels): boolean {
  return wanted !== undefined && Object.entries(wanted).every(([key, value]) => labels[key] === value);
}
