// The hosts of deploy/README.md and the wires between them: one network where coordinator, NATS and administrator are,
// and three segments with the same addresses, each behind a router that translates them and lets through what that
// page says, and nothing else.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { output, program, without, withoutNamespaces } from '../process.ts';
import { Host } from './host.ts';
import type { Mirror } from './mirror.ts';

export const CORE: Record<string, string> = {
  coordinator: '10.0.0.5',
  'nats-1': '10.0.0.11',
  'nats-2': '10.0.0.12',
  'nats-3': '10.0.0.13',
  admin: '10.0.0.20',
};
const NATS = '{ 10.0.0.11, 10.0.0.12, 10.0.0.13 }';
/** Addresses in every segment. */
export const SEGMENT = {
  router: '10.10.0.1',
  agents: { a: '10.10.0.11', b: '10.10.0.12' } as Record<string, string>,
  /** One of the devices, which have the whole network behind it. */
  device: '10.10.1.1',
  devices: '10.10.1.0/24',
  /** The host that has them. */
  fleet: '10.10.0.2',
};

/** Why there can be no lab here; null: there can. */
export const labMissing: string | null =
  (process.getuid?.() === 0 ? null : 'it takes root') ??
  without('ip', 'nft', 'nsenter', 'setpriv', 'apt-get') ??
  (readFileSync('/proc/filesystems', 'utf8').includes('overlay') ? null : 'this kernel has no overlay') ??
  withoutNamespaces();

export interface LabOptions {
  segments: string[];
  /** Of each segment: a, or a and b. */
  agents: number;
}

export class Lab implements AsyncDisposable {
  readonly hosts = new Map<string, Host>();
  #ssh: Server | null = null;

  private constructor(readonly options: LabOptions) {}

  static async open(options: LabOptions, mirror: Mirror | null): Promise<Lab> {
    const lab = new Lab(options);
    try {
      await lab.#build(mirror);
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  get agents(): string[] {
    const names = Object.keys(SEGMENT.agents).slice(0, this.options.agents);
    return this.options.segments.flatMap((segment) => names.map((name) => `${segment}-${name}`));
  }

  /** Hosts that a person would log in to. */
  get machines(): string[] {
    return [...Object.keys(CORE), ...this.agents];
  }

  /** Their addresses outside of the segments. */
  get routers(): string[] {
    return this.options.segments.map((_, at) => `10.0.0.${101 + at}`);
  }

  host(name: string): Host {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ssh?.close();
    await Promise.all([...this.hosts.values()].map((host) => host[Symbol.asyncDispose]()));
  }

  async #build(mirror: Mirror | null): Promise<void> {
    const { segments } = this.options;
    const wires = ['core', ...segments.flatMap((segment) => [`${segment}-router`, `${segment}-devices`])];
    await Promise.all([
      ...this.machines.map(async (name) => this.hosts.set(name, await Host.open(name))),
      ...wires.map(async (name) => this.hosts.set(name, await Host.open(name, { bare: true }))),
    ]);
    await this.host('core').do(bridge('br0'));
    for (const [name, address] of Object.entries(CORE))
      await this.#plug(name, `${address}/24`, 'core', 'eth0');
    await filter(
      this.host('coordinator'),
      `ip saddr { 10.0.0.20, 10.0.0.101-10.0.0.199 } tcp dport 7440 accept`,
    );
    const natsRules = [
      'ip saddr { 10.0.0.5, 10.0.0.101-10.0.0.199 } tcp dport 4222 accept',
      `ip saddr ${NATS} tcp dport 6222 accept`,
    ];
    for (const name of ['nats-1', 'nats-2', 'nats-3']) await filter(this.host(name), natsRules.join('\n'));
    await filter(this.host('admin'), '');
    for (const [at, segment] of segments.entries()) await this.#segment(segment, this.routers[at] ?? '');
    await Promise.all(this.machines.map((name) => mirror?.offerTo(this.host(name))));
    await this.#answerSsh();
  }

  async #segment(segment: string, outside: string): Promise<void> {
    const router = this.host(`${segment}-router`);
    await router.do(
      `${bridge('br0')}\nip addr add ${SEGMENT.router}/16 dev br0\necho 1 >/proc/sys/net/ipv4/ip_forward`,
    );
    await this.#plug(router.name, `${outside}/24`, 'core', 'outside');
    for (const [name, address] of Object.entries(SEGMENT.agents).slice(0, this.options.agents)) {
      const agent = `${segment}-${name}`;
      await this.#plug(agent, `${address}/16`, router.name, 'eth0');
      await this.host(agent).do(`ip route add default via ${SEGMENT.router}`);
    }
    await this.#plug(`${segment}-devices`, `${SEGMENT.fleet}/16`, router.name, 'eth0');
    // Every address of the network is this host's.
    await this.host(`${segment}-devices`).do(`ip route add local ${SEGMENT.devices} dev lo`);
    const agents = `ip saddr { ${Object.values(SEGMENT.agents).join(', ')} }`;
    await nft(
      router,
      `table ip segment {
        chain forward { type filter hook forward priority filter; policy drop
          ct state established,related accept
          iifname br0 oifname br0 accept # some kernels ask here about what a bridge carries, too
          iifname br0 ${agents} ip daddr ${CORE.coordinator} tcp dport 7440 accept
          iifname br0 ${agents} ip daddr ${NATS} tcp dport 4222 accept
          reject with icmp type admin-prohibited
        }
        chain input { type filter hook input priority filter; policy drop
          ct state established,related accept
          reject with icmp type admin-prohibited
        }
        chain out { type nat hook postrouting priority srcnat
          oifname outside masquerade
        }
      }`,
    );
  }

  /** Joins an interface of one host to the bridge of another. */
  async #plug(name: string, address: string, bridgeOf: string, device: string): Promise<void> {
    const [host, other] = [this.host(name), this.host(bridgeOf)];
    const port = `p${host.pid}`;
    await output('ip', [
      'link',
      'add',
      device,
      'netns',
      `${host.pid}`,
      'type',
      'veth',
      'peer',
      'name',
      port,
      'netns',
      `${other.pid}`,
    ]);
    await other.do(`ip link set ${port} master br0 up`);
    await host.do(`ip addr add ${address} dev ${device}; ip link set ${device} up`);
  }

  /** Carries the commands of the administrator's `ssh` to the hosts. */
  async #answerSsh(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let head = '';
      const begin = (data: Buffer) => {
        head += data.toString('latin1');
        const end = head.indexOf('\n');
        if (end < 0) return;
        socket.off('data', begin);
        const { host, command } = JSON.parse(head.slice(0, end)) as { host: string; command: string };
        if (!this.hosts.has(host)) return void socket.end(`${JSON.stringify({ status: 255 })}\n`);
        const child = this.host(host).spawn('bash', ['--norc', '-c', command], { stdio: 'pipe' });
        const tell = (told: object) => socket.write(`${JSON.stringify(told)}\n`);
        child.stdout?.on('data', (piece: Buffer) => tell({ out: piece.toString('base64') }));
        child.stderr?.on('data', (piece: Buffer) => tell({ err: piece.toString('base64') }));
        child.stdin?.on('error', () => undefined); // not every command reads its input
        child.stdin?.write(Buffer.from(head.slice(end + 1), 'latin1'));
        socket.pipe(child.stdin ?? socket);
        child.on('close', (status) => {
          tell({ status: status ?? 255 });
          socket.end();
        });
      };
      socket.on('data', begin);
      socket.on('error', () => undefined); // whoever asked has ended
    });
    this.#ssh = server.listen(this.host('admin').path('/run/ssh.sock'));
  }
}

function bridge(name: string): string {
  return `ip link add ${name} type bridge; ip link set ${name} up`;
}

/** What may come to a host. */
async function filter(host: Host, accept: string): Promise<void> {
  await nft(
    host,
    `table ip host {
      chain input { type filter hook input priority filter; policy drop
        iifname lo accept
        ct state established,related accept
        ${accept}
        reject with icmp type admin-prohibited
      }
    }`,
  );
}

async function nft(host: Host, rules: string): Promise<void> {
  const file = program('nft');
  if (file === null) throw new Error('no nft: run deploy/setup.sh --for-tests');
  await output(...host.wired(file, ['-f', '-']), { input: rules });
}
