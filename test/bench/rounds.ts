// Rounds of the same work by several programs, interleaved, so that what else the machine does meets all of them;
// and their figures. The least of several is what the work costs, the median says how noisy the machine was.
import type { Measured, Spent } from './account/account.ts';
import { short, type Table } from './report.ts';

export interface Contender {
  title: string;
  devices: number;
  run: () => Promise<Measured>;
  /** What was measured so far. */
  rounds: Measured[];
}

export function contender(title: string, devices: number, run: () => Promise<Measured>): Contender {
  return { title, devices, run, rounds: [] };
}

/** Runs each in turn, `repeat` times over. */
export async function interleave(
  repeat: number,
  all: Contender[],
  say: (text: string) => void,
): Promise<void> {
  for (let round = 1; round <= repeat; round++)
    for (const { title, devices, run, rounds } of all) {
      const measured = await run();
      rounds.push(measured);
      const each = short(measured.total.cpuMs / devices);
      say(`round ${round}, ${title}: ${short(measured.wallMs / 1000)} s, ${each} ms CPU per device`);
    }
}

export function least(values: number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** CPU per device in ms, of all its processes: the least of the rounds. */
export function cpuEach({ devices, rounds }: Contender): number {
  return least(rounds.map(({ total }) => total.cpuMs)) / devices;
}

export function wallSeconds({ rounds }: Contender): number {
  return least(rounds.map(({ wallMs }) => wallMs)) / 1000;
}

/** A line for each program; ratios are to the first. */
export function contenders(all: Contender[]): Table {
  const [first] = all;
  return {
    head: [
      'program',
      'CPU ms/device',
      '(median)',
      'ratio',
      'wall s',
      'devices/s',
      'processes',
      'RSS MiB',
      'PSS MiB',
    ],
    rows: all.map((one) => {
      const of = (value: (measured: Measured) => number) => one.rounds.map(value);
      return [
        one.title,
        short(cpuEach(one)),
        short(median(of(({ total }) => total.cpuMs)) / one.devices),
        first === undefined ? '' : short(cpuEach(one) / cpuEach(first)),
        short(wallSeconds(one)),
        short(one.devices / wallSeconds(one)),
        short(Math.max(...of(({ total }) => total.processes))),
        short(Math.max(...of(({ total }) => total.residentMiB))),
        short(Math.max(...of(({ total }) => total.proportionalMiB))),
      ];
    }),
  };
}

/** A line for each role of one program. */
export function rolesOf({ devices, rounds }: Contender): Table {
  const names = [...new Set(rounds.flatMap(({ roles }) => Object.keys(roles)))];
  const of = (name: string, value: (spent: Spent) => number) =>
    rounds.flatMap(({ roles }) => (roles[name] === undefined ? [] : [value(roles[name])]));
  return {
    head: ['role', 'CPU ms', 'ms/device', 'processes', 'largest MiB', 'together RSS MiB', 'PSS MiB'],
    rows: names.map((name) => {
      const cpuMs = least(of(name, (spent) => spent.cpuMs));
      return [
        name,
        short(cpuMs),
        short(cpuMs / devices),
        ...(
          [({ processes }) => processes, ({ peakMiB }) => peakMiB] satisfies ((spent: Spent) => number)[]
        ).map((value) => short(Math.max(...of(name, value)))),
        short(Math.max(...of(name, ({ residentMiB }) => residentMiB))),
        short(Math.max(...of(name, ({ proportionalMiB }) => proportionalMiB))),
      ];
    }),
  };
}
