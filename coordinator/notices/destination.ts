// Where notices go: the key `notices` of netsweep.yaml, every mistake with its place.
import { resolve } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import { nearest } from '../config.js';
import { InputError, type Issue, type Position } from '../inventory/inventory.js';
import { OCCASIONS, type Occasion } from './occasion.js';

interface Common {
  name: string;
  on: Occasion;
  /** `env:NAME` or `file:PATH`; null: none. */
  secret: string | null;
}

export type Destination =
  | (Common & { kind: 'webhook'; url: string })
  | (Common & {
      kind: 'mail';
      to: string;
      from: string;
      server: string;
      username: string | null;
      tls: boolean;
      /** File of the authority of the server's certificate; null: the system's. */
      ca: string | null;
    })
  | (Common & { kind: 'exec'; program: string });

const KEYS = {
  webhook: ['webhook', 'secret', 'on'],
  mail: ['mail', 'from', 'smtp', 'username', 'secret', 'tls', 'ca', 'on'],
  exec: ['exec', 'on'],
} as const;

/** `directory`: of the file, where a program without a full path lies. Throws InputError. */
export function readDestinations(file: string, text: string, directory: string): Destination[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const issues: Issue[] = [];
  const at = (node: unknown): Position => {
    const { line, col } = lines.linePos((node as Scalar | undefined)?.range?.[0] ?? 0);
    return { file, line, column: col };
  };
  const all = isMap(document.contents) ? document.contents.get('notices', true) : undefined;
  const destinations: Destination[] = [];
  if (all !== undefined && !isMap(all))
    issues.push({
      at: at(all),
      message: 'notices is no map (expected NAME: {webhook: URL, secret: env:NAME})',
    });
  for (const { key, value } of isMap(all) ? all.items : []) {
    const name = String((key as Scalar).value);
    const wrong = (message: string, node: unknown = key) =>
      issues.push({ at: at(node), message: `notice ${name}: ${message}` });
    const one = isMap(value) ? readOne(name, value, directory, wrong) : null;
    if (!isMap(value)) wrong('expected a map with webhook, mail or exec');
    if (one !== null) destinations.push(one);
  }
  if (issues.length > 0) throw new InputError(issues);
  return destinations;
}

function readOne(
  name: string,
  map: YAMLMap,
  directory: string,
  wrong: (message: string, node?: unknown) => void,
): Destination | null {
  const kinds = (['webhook', 'mail', 'exec'] as const).filter((kind) => map.has(kind));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    wrong('expected one of webhook, mail and exec');
    return null;
  }
  let isGood = true;
  const refuse = (message: string, node?: unknown) => {
    isGood = false;
    wrong(message, node);
  };
  const values = new Map<string, string>();
  for (const { key, value } of map.items) {
    const word = String((key as Scalar).value);
    const known: readonly string[] = KEYS[kind];
    if (!known.includes(word)) refuse(`unknown key "${word}"${nearest(word, known)}`, key);
    else if (!isScalar(value) || value.value === null) refuse(`${word} is no text`, key);
    else values.set(word, String(value.value));
  }
  const text = (word: string) => values.get(word) ?? '';
  const on = OCCASIONS.find((occasion) => occasion === (values.get('on') ?? 'changes'));
  if (on === undefined) refuse(`on is wrong (found ${text('on')}, expected ${OCCASIONS.join(', ')})`);
  const secret = values.get('secret') ?? null;
  // A secret itself is never shown, nor taken.
  if (secret !== null && !/^(env|file):./.test(secret))
    refuse('secret is no reference (expected env:NAME or file:PATH)');
  const [, path = null] = /^file:(.*)/s.exec(secret ?? '') ?? [];
  const kept = path === null ? secret : `file:${resolve(directory, path)}`;
  const common = { name, on: on ?? 'changes', secret: kept };
  if (kind === 'webhook') {
    if (!isUrl(text('webhook'), ['http:', 'https:'])) refuse('webhook is no http or https address');
    return isGood ? { ...common, kind, url: text('webhook') } : null;
  }
  if (kind === 'exec') {
    const program = text('exec');
    return isGood ? { ...common, kind, program: resolve(directory, program) } : null;
  }
  for (const word of ['mail', 'from']) if (!isAddress(text(word))) refuse(`${word} is no address of mail`);
  if (!isUrl(text('smtp'), ['smtp:', 'smtps:']))
    refuse('smtp is wrong (expected smtp://HOST:587 or smtps://HOST)');
  const tls = values.get('tls') ?? 'on';
  if (tls !== 'on' && tls !== 'off' && tls !== 'false' && tls !== 'true')
    refuse('tls is wrong (expected on or off)');
  const [to, from, server] = [text('mail'), text('from'), text('smtp')];
  const username = values.get('username') ?? null;
  const isTls = tls === 'on' || tls === 'true';
  if (username !== null && !isTls) refuse('username goes with tls: a password is not sent in clear');
  const ca = values.has('ca') ? resolve(directory, text('ca')) : null;
  return isGood ? { ...common, kind, to, from, server, username, tls: isTls, ca } : null;
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocols.includes(protocol) && hostname !== '';
}

function isAddress(text: string): boolean {
  return text.split(',').every((one) => /^[^\s<>@,]+@[^\s<>@,]+$/.test(one.trim()));
}
