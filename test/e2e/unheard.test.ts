// A coordinator that answers everything but acknowledges nothing: what an agent holds is bounded, its devices wait in
// the network, and nothing of what they say is lost.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AgentProgram } from '../cluster.ts';
import { DeafCoordinator } from '../deafcoordinator.ts';
import { Fleet } from '../fleet.ts';
import { type Nats, startNats } from '../nats.ts';
import { Place } from '../place.ts';
import { until } from '../process.ts';

const COMMAND = 'show running-config';
const RSS_MOST_KB = 350 * 1024;

interface UnheardOptions {
  devices: number;
  configLines: number;
  /** Words about the agent's room for results. */
  room: string[];
  /** How long a device may take, in s. */
  deviceS: number;
}

/** A fleet, a coordinator that acknowledges nothing, and an agent between them. */
class Unheard implements AsyncDisposable {
  private constructor(
    readonly fleet: Fleet,
    readonly coordinator: DeafCoordinator,
    readonly agent: AgentProgram,
    private readonly nats: Nats,
    private readonly place: Place,
  ) {}

  static async start({ devices, configLines, room, deviceS }: UnheardOptions): Promise<Unheard> {
    const fleet = await Fleet.open({
      devices,
      configLines,
      platforms: ['frr'],
      bad: { slow: 0.5 },
      slowMs: 3_000,
    });
    const coordinator = await DeafCoordinator.open(fleet, COMMAND, { deviceMs: deviceS });
    const [nats, place] = [await startNats(), await Place.open()];
    const where = { nats: nats.url, to: coordinator.address };
    const about = { name: 'one', segments: ['default'], forks: 200, words: room };
    return new Unheard(fleet, coordinator, new AgentProgram(place, { ...about, ...where }), nats, place);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.stop('SIGKILL');
    await this.coordinator[Symbol.asyncDispose]();
    await this.nats[Symbol.asyncDispose]();
    await this.place[Symbol.asyncDispose]();
    await this.fleet[Symbol.asyncDispose]();
  }
}

/** Most memory that the process has ever had, in kB. */
function mostMemory(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function statusOf({ end }: DeafCoordinator['results'][number]): string {
  return end?.$case === 'attempt' ? String(end.value.status) : (end?.value.reason ?? '');
}

test.concurrent('results without room hold the devices back until they are heard, and each arrives once and whole', async () => {
  const room = ['--memory-limit', '1MiB', '--spool-limit', '500kB'];
  await using unheard = await Unheard.start({ devices: 24, configLines: 20_000, room, deviceS: 600 });
  const { fleet, coordinator, agent } = unheard;
  await until('the agent is full', () => /devices are not read/.test(agent.log));
  await until('the first results come', () => coordinator.results.length > 0);
  await delay(3_000);
  expect(coordinator.results.length, 'what was under way').toBeLessThan(24);
  expect(
    fleet.sessions().some(({ to }) => to === Infinity),
    'a device waits',
  ).toBe(true);
  expect(coordinator.asked, 'leave came with the answers to host keys').toBe(0);
  coordinator.hear();
  const indexes = () => new Set(coordinator.results.map(({ index }) => index));
  await until('all are heard', () => indexes().size === 24);
  expect(agent.log).toMatch(/devices are read again/);
  expect(coordinator.results.map(statusOf)).toEqual(Array.from({ length: 24 }, () => 'STATUS_OK'));
  await fleet.quiet();
  expect(fleet.asked(COMMAND)).toHaveLength(24);
  expect(mostMemory(agent.pid)).toBeLessThan(RSS_MOST_KB);
});

test.concurrent('a device that is held back for longer than it may take is given back without an attempt', async () => {
  const room = ['--memory-limit', '400kB', '--spool-limit', '0'];
  await using unheard = await Unheard.start({ devices: 6, configLines: 20_000, room, deviceS: 15 });
  const { fleet, coordinator, agent } = unheard;
  await until('the agent is full', () => /devices are not read/.test(agent.log));
  await until('the devices have been given up', () => fleet.sessions().every(({ to }) => to < Infinity));
  coordinator.hear();
  const indexes = () => new Set(coordinator.results.map(({ index }) => index));
  await until('all are answered for', () => indexes().size === 6);
  const ends = coordinator.results.map(statusOf);
  expect(ends.filter((end) => end === 'its agent had no room for what it says').length).toBeGreaterThan(0);
  expect(new Set(ends)).toEqual(new Set(['STATUS_OK', 'its agent had no room for what it says']));
});
