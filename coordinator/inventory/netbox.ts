// NetBox and Nautobot: devices and virtual machines over their REST APIs, with the query of the URL. Devices without an
// address, of another status or of a platform that nobody knows are told and left out.
import { resolve } from 'node:path';
import { deviceOf, type Reader } from './apidevices.js';
import { type Api, eachDevice } from './apipages.js';
import { PlatformSlugs } from './apiplatform.js';
import { type InventoryDocument, type LocatedDevice, Source } from './located.js';
import { runProgram } from './program.js';
import { readSecretFile, SecretError, withoutLineEnd } from './secretfile.js';
import type { Reading, ShapeReader } from './shape.js';
import { quote } from './wording.js';

type Tool = 'netbox' | 'nautobot';

const LISTS = ['dcim/devices', 'virtualization/virtual-machines'] as const;
/** Questions that mean the same to both lists; with any other only devices are asked for, unless a list is named. */
const SHARED =
  /^(q|name|role|role_id|site|site_id|region|location|tenant|tenant_group|platform|status|tags?|cf_.*|limit|local_.*)(__\w+)?$/;
const PAGE = '500';
/** What keeps answers small, and what makes Nautobot tell names and not only addresses. */
const ALWAYS: Record<Tool, Record<string, string>> = {
  netbox: { exclude: 'config_context' },
  nautobot: { depth: '1' },
};

export const readNetBox: ShapeReader = ({ place }, reading) => readApi('netbox', place, reading);
export const readNautobot: ShapeReader = ({ place }, reading) => readApi('nautobot', place, reading);

async function readApi(tool: Tool, written: string, reading: Reading): Promise<InventoryDocument[]> {
  const known = reading.io.env[tool === 'netbox' ? 'NETBOX_URL' : 'NAUTOBOT_URL'] ?? '';
  const place = /^(\?|$)/.test(written) ? `${known}${written}` : written;
  const refuse = (message: string) => {
    reading.issues.reportAt(
      { file: `${tool}:${place.replace(/\/\/[^/]*@/, '//')}`, line: 1, column: 1 },
      message,
    );
    return [];
  };
  const url = URL.canParse(place) ? new URL(place) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    return refuse(`this is no address of an API (found ${quote(place)}, expected ${tool}:https://HOST)`);
  if (url.username !== '' || url.password !== '')
    return refuse(
      `a URL with a user name or password is not taken (expected a token in ${variableOf(tool)})`,
    );
  const token = await tokenOf(tool, reading, refuse);
  if (token === undefined) return [];
  const devices: LocatedDevice[] = [];
  const source = new Source(`${tool}:${place}`, '', reading.io.cwd, false);
  const reader: Reader = {
    at: { source, offset: 0 },
    slugs: new PlatformSlugs(reading.io.platforms),
    asked: Array.from(url.searchParams.keys()).some((key) => /^status(__\w+)?$/.test(key)),
  };
  for (const endpoint of endpointsOf(url)) {
    const api: Api = {
      endpoint,
      query: queryOf(tool, url),
      authorization: token,
      variable: variableOf(tool),
    };
    const before = reading.issues.count;
    await eachDevice(api, reading, (device) => void devices.push(deviceOf(device, reader)));
    // The other list would only say the same.
    if (reading.issues.count > before) return [];
  }
  return [{ defaults: null, groups: null, devices }];
}

/** A list may be named, as its page in a browser or in the API; the path before it may be anything. */
function endpointsOf(url: URL): URL[] {
  const match = /^(.*?)(?:\/api)?(?:\/(dcim\/devices|virtualization\/virtual-machines))?\/*$/.exec(
    url.pathname,
  );
  const base = match?.[1] ?? '';
  const all = match?.[2] === undefined ? LISTS : [match[2]];
  const onlyDevices =
    match?.[2] === undefined && Array.from(url.searchParams.keys()).some((key) => !SHARED.test(key));
  return (onlyDevices ? [LISTS[0]] : all).map((list) => new URL(`${base}/api/${list}/`, url.origin));
}

function queryOf(tool: Tool, url: URL): URLSearchParams {
  const query = new URLSearchParams(url.searchParams);
  if (!query.has('limit')) query.set('limit', PAGE);
  for (const [key, value] of Object.entries(ALWAYS[tool])) query.set(key, value);
  return query;
}

function variableOf(tool: Tool): string {
  return tool === 'netbox' ? 'NETBOX_TOKEN' : 'NAUTOBOT_TOKEN';
}

/** Null: there is none, which some servers allow; undefined: what it refers to cannot be read, which was reported. */
async function tokenOf(
  tool: Tool,
  { io }: Reading,
  refuse: (message: string) => void,
): Promise<string | null | undefined> {
  const variable = variableOf(tool);
  const written = io.env[variable] ?? '';
  if (written === '') return null;
  try {
    const token = (await referred(written, io.cwd)).trim();
    if (!/^[\x21-\x7e]+$/.test(token)) throw new SecretError('it is no token (expected one word)');
    return `${/^nbt_/.test(token) ? 'Bearer' : 'Token'} ${token}`;
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    refuse(`${variable}: ${error.message}`);
    return undefined;
  }
}

async function referred(written: string, cwd: string): Promise<string> {
  const [, kind, rest = ''] = /^(file|cmd):(.*)$/s.exec(written) ?? [];
  if (kind === 'file') return withoutLineEnd(await readSecretFile(resolve(cwd, rest))).toString('utf8');
  if (kind !== 'cmd') return written;
  const { output, failure } = await runProgram(rest, { cwd, signal: undefined });
  if (failure !== null) throw new SecretError(failure);
  return output.toString('utf8');
}
