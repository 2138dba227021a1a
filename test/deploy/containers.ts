// The images and the compose file as data: what a container of each is started as.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from '../process.ts';

export interface Service {
  image: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  mem_limit?: string;
  pids_limit?: number;
  entrypoint?: string[];
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  networks?: string[];
  ports?: string[];
  healthcheck?: { test?: string[] };
  working_dir?: string;
  stop_grace_period?: string;
  ulimits?: Record<string, number>;
}

export interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
  volumes: Record<string, unknown>;
}

export function readCompose(): Compose {
  return parse(readFileSync(join(root, 'deploy/compose.yaml'), 'utf8'), { merge: true }) as Compose;
}

export interface Image {
  variables: Record<string, string>;
  user: string;
  volume: string;
  entrypoint: string[];
  command: string[];
  health: string;
}

/** The last stage of a Containerfile. */
export function readImage(name: 'coordinator' | 'agent'): Image {
  const text = readFileSync(join(root, `deploy/containers/${name}.Containerfile`), 'utf8');
  const lines = text.replace(/\\\n/g, ' ').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const all = (word: string) =>
    last.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1).trim());
  const list = (text = '[]') => JSON.parse(text) as string[];
  const pairs = all('ENV').flatMap((line) =>
    line.split(/\s+/).map((pair) => pair.split('=') as [string, string]),
  );
  return {
    variables: Object.fromEntries(pairs),
    user: all('USER').at(-1) ?? 'root',
    volume: all('VOLUME')[0] ?? '',
    entrypoint: list(all('ENTRYPOINT')[0]),
    command: list(all('CMD')[0]),
    health: list(/CMD (\[.*\])/.exec(all('HEALTHCHECK')[0] ?? '')?.[1]).at(-1) ?? '',
  };
}
