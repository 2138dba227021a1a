// Which device of the fleet is found where a page's inventories say that one is.
import type { FleetDevice } from '../../agent/fleet/plan.ts';
import type { Fleet } from '../fleet.ts';
import type { Finished } from '../process.ts';
import type { Exchange } from './exchange.ts';
import { GATES } from './stock.ts';

/** Options that say which devices there are. */
const SELECTING = new Set(['-i', '--inventory', '-w', '--hosts', '--platform', '--columns']);

type Ask = (words: string[]) => Promise<Finished>;

/** A device of `inventory list --json`. */
interface Listed {
  host: string;
  port: number;
  platform: string | null;
}

export class Devices {
  /** By the page that is open: host and port, and what is there. */
  readonly #homes = new Map<string, FleetDevice>();
  /** The same of all pages so far, the last that was there. */
  readonly #known = new Map<string, FleetDevice>();

  constructor(
    private readonly fleet: Fleet,
    private readonly exchange: Exchange,
    private readonly ask: Ask,
  ) {}

  /** A page begins with none. */
  clear(): void {
    this.#homes.clear();
  }

  /** Has the addresses of the devices that a command asks for, by default those of lab.yaml, lead to the fleet. */
  async lead(words: string[]): Promise<void> {
    const asked = words.flatMap((word, at) => (SELECTING.has(word) ? [word, words[at + 1] ?? ''] : []));
    const vault = words.includes('--vault-password-file') ? ['--vault-password-file', '.vault-password'] : [];
    const selection = asked.length > 0 ? asked : ['-i', 'lab.yaml'];
    const listed = await this.ask(['inventory', 'list', '--json', ...selection, ...vault]);
    if (listed.status !== 0) throw new Error(`${words.join(' ')}: ${listed.stderr}`);
    for (const device of JSON.parse(listed.stdout) as Listed[]) {
      const place = `${device.host} ${device.port}`;
      // On loopback is a fleet of the page's own; and on a device whose address ends in .99 SSH is off.
      const isElsewhere = /^127\.|\.99$/.test(device.host) || GATES.some(([host]) => host === device.host);
      if (!isElsewhere && !this.#homes.has(place)) await this.#settle(place, device);
    }
  }

  /** Somebody has changed the configuration of one: another is found there from now on. */
  async change(host: string, port = 22): Promise<void> {
    const before = this.#homes.get(`${host} ${port}`);
    if (before !== undefined)
      await this.#settle(`${host} ${port}`, { host, port, platform: before.platform });
  }

  async #settle(place: string, { host, port, platform }: Listed): Promise<void> {
    const used = new Set(this.#homes.values());
    const spare = this.fleet.devices.filter((device) => !used.has(device));
    const device = spare.find((one) => one.platform === platform) ?? spare[0];
    if (device === undefined) throw new Error('a page has more devices than the fleet');
    this.#homes.set(place, device);
    await this.exchange.lead(host, port, { host: device.address, port: this.fleet.port });
    // It has taken the place of another page's, and has another key.
    if (this.#known.has(place) && this.#known.get(place) !== device)
      await this.ask(['hostkeys', 'rm', host, '--port', `${port}`]);
    this.#known.set(place, device);
  }
}
