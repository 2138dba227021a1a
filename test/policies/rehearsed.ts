// What devices of four makers print that are as they should be, made up for these tests, and what is broken in it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Judge, type JudgedOutput, type Judgement } from '../../coordinator/audit/judge.ts';
import { openPolicies, shippedPolicies } from '../../coordinator/audit/open.ts';
import type { Policy } from '../../coordinator/audit/policy.ts';
import { Platforms } from '../../proto/platform.ts';

export interface Rehearsed {
  name: string;
  platform: string;
  policy: Policy;
  fields: Record<string, unknown>;
  /** By command. */
  texts: Record<string, string>;
}

/** One change of what a device prints: lines deleted or replaced (all that match, or one), or others put behind one. */
export interface Fault {
  /** The rule that has to find it; null: none may. */
  rule: string | null;
  /** Others that find it, too. */
  also?: string[];
  on: string;
  /** The command; without it, the one that shows the configuration. */
  in?: string;
  delete?: string;
  replace?: string;
  by?: string;
  only?: 'first' | 'last';
  insert?: string;
  /** Behind the first line that matches; without it, behind the device's name. */
  after?: string;
}

const COMMANDS: Record<string, string> = {
  'show_running-config.txt': 'show running-config',
  'show_version.txt': 'show version',
  'show_ip_ssh.txt': 'show ip ssh',
  'show_configuration.txt': 'show configuration | display inheritance | display set',
};

export const platforms = new Platforms();
export const policies = readShipped();
export const devices = readDevices();

function readShipped(): ReadonlyMap<string, Policy> {
  const io = { cwd: '/', platforms, nowMs: Date.now() };
  const { policies: read } = openPolicies([...shippedPolicies().values()], io);
  return new Map(read.map((policy) => [policy.name, policy]));
}

function readDevices(): ReadonlyMap<string, Rehearsed> {
  const at = join(import.meta.dirname, 'good');
  const listed: Record<string, { platform: string; policy: string; fields?: Record<string, unknown> }> =
    parse(readFileSync(join(at, 'devices.yaml'), 'utf8'));
  return new Map(
    Object.entries(listed).map(([name, { platform, policy: wanted, fields = {} }]) => {
      const policy = policies.get(wanted);
      if (policy === undefined) throw new Error(`no policy ${wanted} ships`);
      const texts = Object.fromEntries(
        readdirSync(join(at, name)).map((file) => [
          COMMANDS[file] ?? file,
          readFileSync(join(at, name, file), 'utf8'),
        ]),
      );
      return [name, { name, platform, policy, fields, texts }];
    }),
  );
}

export function readFaults(policy: string): Fault[] {
  return parse(readFileSync(join(import.meta.dirname, 'faults', `${policy}.yaml`), 'utf8'));
}

/** The rehearsed device with the fault in it. */
export function broken(fault: Fault): Rehearsed {
  const device = devices.get(fault.on);
  const command = fault.in ?? Object.values(COMMANDS).find((one) => /conf/.test(one) && device?.texts[one]);
  const text = command === undefined ? undefined : device?.texts[command];
  if (device === undefined || command === undefined || text === undefined)
    throw new Error(`there is no ${fault.in ?? 'configuration'} of ${fault.on}`);
  return { ...device, texts: { ...device.texts, [command]: change(text, fault) } };
}

function change(text: string, { delete: gone, replace, by, only, insert, after }: Fault): string {
  const lines = text.split('\n');
  const pattern = new RegExp(gone ?? replace ?? after ?? '^(hostname|set system host-name) ');
  const matching = Array.from(lines.keys()).filter((place) => pattern.test(lines[place] ?? ''));
  const places = only === undefined ? matching : [matching.at(only === 'first' ? 0 : -1)];
  const [first] = places;
  if (first === undefined) throw new Error(`no line matches ${pattern}`);
  if (insert !== undefined) return lines.toSpliced(first + 1, 0, insert).join('\n');
  return lines
    .map((line, place) => (places.includes(place) && by !== undefined ? line.replace(pattern, by) : line))
    .filter((_, place) => gone === undefined || !places.includes(place))
    .join('\n');
}

/** Of each rule that is for the device: its id and what it says. */
export function judged(device: Rehearsed): Record<string, string> {
  return Object.fromEntries(Object.entries(judgements(device)).map(([id, { status }]) => [id, status]));
}

export function judgements({ name, platform, policy, fields, texts }: Rehearsed): Record<string, Judgement> {
  const outputs: JudgedOutput[] = Object.entries(texts).map(([command, text]) => ({
    ...{ command, proof: 'complete', text, unreadable: null, changedAtMs: null },
  }));
  const device = { platform: platforms.get(platform) ?? null, fields: { name, ...fields }, outputs };
  const judge = new Judge({ ...device, failure: null }, () => ({ wrong: 'there are no templates' }));
  const isFor = (only: readonly string[]) => only.length === 0 || only.includes(platform);
  return Object.fromEntries(
    policy.rules
      .filter(({ devices: only }) => isFor(only.platforms))
      .map((rule) => [rule.id, judge.judge(rule)]),
  );
}

/** The rules that do not pass, and how. */
export function found(device: Rehearsed): string[] {
  return Object.entries(judged(device)).flatMap(([id, status]) =>
    status === 'fail' ? [id] : status === 'pass' || status === 'not-applicable' ? [] : [`${id}: ${status}`],
  );
}
