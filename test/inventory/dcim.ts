// A stand-in for NetBox and Nautobot: the lists of devices and virtual machines with the fields, nested objects, pages,
// filters and refusals of their current releases (NetBox 4.5, Nautobot 2.4), on loopback.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Standin extends AsyncDisposable {
  url: string;
  /** Path and query of each request, with its token. */
  requests: { url: string; authorization: string | undefined }[];
  /** Answers that come before the right one, each once. */
  before: { status: number; headers?: Record<string, string>; body?: string }[];
}

export interface Device {
  name: string | null;
  address?: string | null;
  platform?: string | null;
  role?: string;
  site?: string;
  status?: string;
  tags?: string[];
  tenant?: string | null;
  custom?: Record<string, unknown>;
  machine?: boolean;
}

type Shape = (device: Device, id: number) => Record<string, unknown>;

const TOKEN = '0123456789abcdef0123456789abcdef01234567';

/** What a list at `/api/...` gives, for who has the token. */
export async function startDcim(
  tool: 'netbox' | 'netbox 3.5' | 'nautobot',
  devices: readonly Device[],
  { token = `Token ${TOKEN}` as string | null, mostPerPage = 1000 } = {},
): Promise<Standin> {
  const shape = tool === 'nautobot' ? nautobot : tool === 'netbox' ? netbox : oldNetbox;
  const requests: Standin['requests'] = [];
  const before: Standin['before'] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', authorization: request.headers.authorization });
    const instead = before.shift();
    if (instead !== undefined) {
      response.writeHead(instead.status, instead.headers).end(instead.body ?? '');
      return;
    }
    if (token !== null && request.headers.authorization !== token) {
      const detail =
        request.headers.authorization === undefined
          ? 'Authentication credentials were not provided.'
          : 'Invalid token';
      json(response, 403, { detail });
      return;
    }
    list(request, response, { devices, shape, mostPerPage, tool });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    before,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export { TOKEN };

interface Listing {
  devices: readonly Device[];
  shape: Shape;
  mostPerPage: number;
  tool: string;
}

function list(request: IncomingMessage, response: ServerResponse, of: Listing): void {
  const url = new URL(request.url ?? '', 'http://dcim');
  const { searchParams: query, pathname } = url;
  const machines = pathname === '/api/virtualization/virtual-machines/';
  if (!machines && pathname !== '/api/dcim/devices/') {
    json(response, 404, { detail: 'Not found.' });
    return;
  }
  const wanted = of.devices
    .map((device, index) => ({ device, id: index + 1 }))
    .filter(({ device }) => (device.machine ?? false) === machines)
    .filter(({ device }) => ['site', 'role', 'status', 'tag'].every((key) => passes(device, key, query)));
  const limit = Math.min(Number(query.get('limit') ?? 50) || of.mostPerPage, of.mostPerPage);
  const offset = Number(query.get('offset') ?? 0);
  const next = new URLSearchParams(query);
  next.set('limit', String(limit));
  next.set('offset', String(offset + limit));
  json(response, 200, {
    count: wanted.length,
    // As behind a proxy that does not say what it is called.
    next: offset + limit < wanted.length ? `http://dcim.internal:8080${pathname}?${next}` : null,
    previous: null,
    results: wanted
      .slice(offset, offset + limit)
      .map(({ device, id }) =>
        of.tool === 'nautobot' && query.get('depth') !== '1'
          ? shallow(of.shape(device, id))
          : of.shape(device, id),
      ),
  });
}

function passes(device: Device, key: string, query: URLSearchParams): boolean {
  const values = query.getAll(key);
  if (values.length === 0) return true;
  const own =
    { site: [device.site], role: [device.role], status: [device.status ?? 'active'], tag: device.tags ?? [] }[
      key
    ] ?? [];
  return values.some((value) => own.includes(value));
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'api-version': '4.5' })
    .end(JSON.stringify(body));
}

/** NetBox 4: nested objects with `display` and a slug; `role` on devices and machines alike. */
function netbox(device: Device, id: number): Record<string, unknown> {
  const kind = device.machine === true ? 'virtualization/virtual-machines' : 'dcim/devices';
  const url = `http://dcim.internal:8080/api/${kind}/${id}/`;
  const ip = ipOf(device, id);
  const is6 = device.address?.includes(':') === true;
  return {
    id,
    url,
    display_url: url.replace('/api', ''),
    display: device.name ?? `C9300-48UXM (${id})`,
    name: device.name,
    ...(device.machine === true
      ? { cluster: nested('clusters', 3, 'vmware-zrh'), vcpus: 2, memory: 4096, disk: 40 }
      : {
          device_type: {
            ...nested('device-types', 7, 'c9300-48uxm'),
            manufacturer: nested('manufacturers', 2, 'cisco'),
            model: 'C9300-48UXM',
          },
          serial: `FOC${2000 + id}X0AB`,
          asset_tag: null,
          rack: nested('racks', 11, 'R11'),
          position: 40,
          face: { value: 'front', label: 'Front' },
          location: null,
          airflow: null,
          virtual_chassis: null,
          oob_ip: null,
          local_context_data: null,
        }),
    role: device.role === undefined ? null : { ...nested('device-roles', 4, device.role), _depth: 0 },
    tenant: device.tenant == null ? null : nested('tenants', 5, device.tenant),
    platform: device.platform == null ? null : nested('platforms', 6, device.platform),
    site: device.site === undefined ? null : nested('sites', 8, device.site),
    status: { value: device.status ?? 'active', label: device.status ?? 'Active' },
    primary_ip: ip,
    primary_ip4: is6 ? null : ip,
    primary_ip6: is6 ? ip : null,
    description: '',
    comments: '',
    config_template: null,
    tags: (device.tags ?? []).map((tag) => ({ ...nested('tags', 9, tag), color: '9e9e9e' })),
    custom_fields: device.custom ?? {},
    created: '2024-03-11T20:09:13.339367Z',
    last_updated: '2026-10-02T08:14:55.709430Z',
  };
}

/** Before 3.6 a device's role was `device_role`. */
function oldNetbox(device: Device, id: number): Record<string, unknown> {
  const { role, display_url: _, ...rest } = netbox(device, id);
  return device.machine === true ? { ...rest, role } : { ...rest, device_role: role, parent_device: null };
}

/** Nautobot 2 at depth 1: UUIDs, locations for sites, statuses as objects, and drivers beside a platform's name. */
function nautobot(device: Device, id: number): Record<string, unknown> {
  const uuid = `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`;
  const ip = ipOf(device, id);
  const is6 = device.address?.includes(':') === true;
  const address =
    ip === null
      ? null
      : {
          ...object('ipam.ipaddress', ip.display),
          host: ip.display.split('/')[0],
          address: ip.address,
          ip_version: is6 ? 6 : 4,
        };
  return {
    id: uuid,
    object_type: device.machine === true ? 'virtualization.virtualmachine' : 'dcim.device',
    display: device.name ?? 'Unnamed device',
    natural_slug: `${device.name}_0000`,
    name: device.name,
    ...(device.machine === true
      ? {}
      : {
          serial: '',
          asset_tag: null,
          device_type: {
            ...object('dcim.devicetype', 'C9300-48UXM'),
            model: 'C9300-48UXM',
            manufacturer: { id: uuid, object_type: 'dcim.manufacturer', url: '/api/' },
          },
        }),
    status: object('extras.status', device.status ?? 'Active'),
    role: device.role === undefined ? null : object('extras.role', device.role),
    tenant: device.tenant == null ? null : object('tenancy.tenant', device.tenant),
    platform:
      device.platform == null
        ? null
        : {
            ...object('dcim.platform', device.platform),
            network_driver: device.platform === 'Catalyst switches' ? 'cisco_ios' : '',
            network_driver_mappings:
              device.platform === 'Catalyst switches'
                ? { ansible: 'cisco.ios.ios', netmiko: 'cisco_ios', napalm: 'ios' }
                : {},
            napalm_driver: '',
          },
    location: device.site === undefined ? null : object('dcim.location', device.site),
    primary_ip4: is6 ? null : address,
    primary_ip6: is6 ? address : null,
    tags: (device.tags ?? []).map((tag) => object('extras.tag', tag)),
    custom_fields: device.custom ?? {},
    notes_url: '/api/notes/',
  };
}

/** At depth 0 an object inside another is only where it is found. */
function shallow(device: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(device).map(([key, value]) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value) || key === 'custom_fields')
        return [key, value];
      const { id, object_type } = value as Record<string, unknown>; // of the objects above
      return [key, { id, object_type, url: '/api/' }];
    }),
  );
}

function nested(list: string, id: number, slug: string) {
  return {
    id,
    url: `http://dcim.internal:8080/api/dcim/${list}/${id}/`,
    display: slug.toUpperCase(),
    name: slug.toUpperCase(),
    slug,
    description: '',
  };
}

function object(type: string, name: string) {
  return {
    id: '11111111-1111-4111-8111-111111111111',
    object_type: type,
    display: name,
    url: '/api/',
    natural_slug: 'x',
    name,
  };
}

function ipOf({ address }: Device, id: number) {
  if (address == null) return null;
  const whole = `${address}/${address.includes(':') ? 64 : 26}`;
  return {
    id: 1000 + id,
    url: `http://dcim.internal:8080/api/ipam/ip-addresses/${1000 + id}/`,
    display: whole,
    family: { value: address.includes(':') ? 6 : 4, label: 'IPv4' },
    address: whole,
    dns_name: '',
    nat_inside: null,
    nat_outside: [],
    description: '',
  };
}
