// What NetBox, Nautobot and places of the web answer in place of an inventory, and everything a user is told about it. Read by bad.test.ts.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InputError } from '../../coordinator/inventory/inventory.ts';
import { readInventory } from '../../coordinator/inventory/read.ts';
import { platforms } from './files.ts';

export interface BadApi {
  title: string;
  /** `AT` stands for where the server is. */
  source: string;
  token: string;
  status: number;
  headers: Record<string, string>;
  body: string;
  errors: string[];
}

const page = (...results: unknown[]) =>
  JSON.stringify({ count: results.length, next: null, previous: null, results });
const device = (id: number, more: object) => ({
  id,
  name: `R${id}`,
  status: { value: 'active' },
  platform: { slug: 'cisco-ios' },
  primary_ip: { address: `10.0.0.${id}/24` },
  ...more,
});

function bad(title: string, answer: Partial<BadApi>, ...errors: string[]): BadApi {
  const whole = { source: 'netbox:AT', token: 'abc', status: 200, headers: {}, body: page() };
  return { title, ...whole, ...answer, errors };
}

export const BAD_APIS: BadApi[] = [
  bad(
    'no token',
    { token: '', status: 403 },
    'AT/api/dcim/devices/?limit=500&exclude=config_context:1:1: the server answered 403 Forbidden (there is no token; expected one in NETBOX_TOKEN)',
  ),
  bad(
    'a token that may not read',
    { status: 403 },
    'AT/api/dcim/devices/?limit=500&exclude=config_context:1:1: the server answered 403 Forbidden (expected a token that may read this, in NETBOX_TOKEN)',
  ),
  bad(
    'a token of another server',
    { status: 401 },
    'AT/api/dcim/devices/?limit=500&exclude=config_context:1:1: the server answered 401 Unauthorized (expected a token that may read this, in NETBOX_TOKEN)',
  ),
  bad(
    'a token of Nautobot in the way',
    { source: 'nautobot:AT', token: 'abc', status: 403 },
    'AT/api/dcim/devices/?limit=500&depth=1:1:1: the server answered 403 Forbidden (expected a token that may read this, in NAUTOBOT_TOKEN)',
  ),
  bad(
    'a token of two words',
    { token: 'abc def' },
    'netbox:AT:1:1: NETBOX_TOKEN: it is no token (expected one word)',
  ),
  bad(
    'an address that is no NetBox',
    { status: 404 },
    'AT/api/dcim/devices/?limit=500&exclude=config_context:1:1: the server answered 404 Not Found (expected the address that a browser has, without what follows the host)',
  ),
  bad(
    'a redirection to https',
    { status: 301, headers: { location: 'https://netbox.example.com/' } },
    'AT/api/dcim/devices/?limit=500&exclude=config_context:1:1: the server answered 301 Moved Permanently (expected no redirection; did you mean https://netbox.example.com?)',
  ),
  bad(
    'a question that it refuses',
    {
      source: 'netbox:AT?sites=zrh',
      status: 400,
      body: '{"sites": ["unknown"]}',
    },
    'AT/api/dcim/devices/?sites=zrh&limit=500&exclude=config_context:1:1: the server answered 400 Bad Request, saying "{\\"sites\\": [\\"unknown\\"]}"',
  ),
  bad(
    'a page for people',
    { body: '<!DOCTYPE html><title>NetBox</title>' },
    'AT/api/dcim/devices/?limit=500&exclude=config_context:1:1: this is no page of a list (found "<!DOCTYPE html><title>NetBox</", expected JSON)',
  ),
  bad(
    'an answer cut off',
    { body: page(device(1, {})).slice(0, 60) },
    'AT/api/dcim/devices/?limit=500&exclude=config_context:1:1: this JSON is damaged or ends too early (found 60 characters)',
  ),
  bad(
    'a list without results',
    { body: '{"count": 0, "next": null}' },
    'AT/api/dcim/devices/?limit=500&exclude=config_context:1:1: there is no list in this answer (found a map of 2 fields, expected results)',
  ),
  bad(
    'a list that does not say what follows',
    {
      body: JSON.stringify({ count: 2, results: [device(1, {})] }),
    },
    'AT/api/dcim/devices/?limit=500&exclude=config_context:1:1: this page does not say which one is next (expected its address, or null)',
  ),
  bad(
    'a list that goes round',
    {
      body: JSON.stringify({
        count: 2,
        next: 'http://x/?exclude=config_context&limit=500',
        results: [device(1, {})],
      }),
    },
    'AT/api/dcim/devices/?exclude=config_context&limit=500:1:1: the server gives this page as the next one again',
  ),
  bad(
    'a list of names',
    { body: page('R1', 'R2') },
    'AT/api/dcim/devices/?limit=500&exclude=config_context:1:1: this is no device (found "R1", expected a map with an id)',
  ),
  bad(
    'a device without its number',
    { body: page({ name: 'R1' }) },
    'AT/api/dcim/devices/?limit=500&exclude=config_context:1:1: this is no device (found a map of 1 field, expected a map with an id)',
  ),
  bad('no device', {}, 'no device in netbox:AT (expected at least one)'),
  bad(
    'devices without addresses',
    {
      body: page(device(1, { primary_ip: null }), device(2, { primary_ip: null })),
    },
    'no device in netbox:AT (found 4 devices, it has no primary address; expected at least one)',
  ),
  bad(
    'devices that are planned',
    { body: page(device(1, { status: { value: 'planned' } })) },
    'no device in netbox:AT (found 2 devices, its status is planned; expected at least one)',
  ),
  bad(
    'a URL without http',
    { source: 'netbox:netbox.example.com' },
    'netbox:netbox.example.com:1:1: this is no address of an API (found "netbox.example.com", expected netbox:https://HOST)',
  ),
  bad(
    'a URL with a password',
    { source: 'netbox:http://me:topsecret@netbox.example.com' },
    'netbox:http://netbox.example.com:1:1: a URL with a user name or password is not taken (expected a token in NETBOX_TOKEN)',
  ),
  bad(
    'no URL',
    { source: 'netbox:' },
    'netbox::1:1: this is no address of an API (found "", expected netbox:https://HOST)',
  ),
  bad(
    'a URL of nothing',
    { source: 'AT/devices.yaml', status: 404 },
    'AT/devices.yaml:1:1: cannot be read (the server answered 404 Not Found)',
  ),
  bad(
    'a URL that wants a login',
    { source: 'AT/devices.yaml', status: 401 },
    'AT/devices.yaml:1:1: cannot be read (the server answered 401 Unauthorized; no login is sent: fetch it with what has one, and pass it on as -i -)',
  ),
  bad(
    'a URL of a page for people',
    {
      source: 'AT/devices.yaml',
      body: '<!DOCTYPE html>\n<title>GitLab</title>\n',
    },
    'AT/devices.yaml:1:1: this is not an inventory (found "<!DOCTYPE html> <title>GitLab</title>", expected a list of devices, or a map of defaults, groups and devices)',
  ),
  bad(
    'a URL of a file with a slip',
    {
      source: 'AT/devices.csv',
      body: 'name,host,port\nR1,10.0.0.1,22\nR2,10.0.0.2,ssh\n',
    },
    'AT/devices.csv:3:13: port is not a port number (found "ssh", expected a whole number from 1 to 65535)',
  ),
  bad(
    'a URL of a file with a program in it',
    {
      source: 'AT/devices.yaml',
      body: '- {name: R1, host: 10.0.0.1, password: "cmd:reboot"}\n',
    },
    'AT/devices.yaml:1:40: password cannot use cmd: in this file (expected a local file that you or root own and nobody else can write)',
  ),
];

/** Everything that is said of it, with AT for the server. */
export async function saidOfApi({ source, token, status, headers, body }: BadApi): Promise<string[]> {
  const answer = (_: unknown, response: ServerResponse) => response.writeHead(status, headers).end(body);
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // of a server that listens on a port
  try {
    const env = token === '' ? {} : { NETBOX_TOKEN: token, NAUTOBOT_TOKEN: token };
    await readInventory([source.replace('AT', at)], {
      cwd: '/',
      env,
      platforms,
      stdin: (async function* () {})(),
    });
  } catch (error) {
    if (error instanceof InputError) return error.message.replaceAll(at, 'AT').split('\n');
    throw error;
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  throw new Error('nothing was wrong with this answer');
}
