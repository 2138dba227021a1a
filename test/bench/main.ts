// `npm run bench`: runs the scenarios one after the other and reports. Whatever it started ends with it, by id,
// also when it is interrupted.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { wayOfCounting } from './account/meter.ts';
import type { Scenario } from './bench.ts';
import { machine } from './machine.ts';
import { help, type Options, readOptions, UsageError } from './options.ts';
import { root } from './place.ts';
import { inPlace, markdown, type Section } from './report.ts';
import { folded } from './scenarios/fold.ts';
import { inventory } from './scenarios/inventory.ts';
import { latency } from './scenarios/latency.ts';
import { many } from './scenarios/many.ts';
import { micro } from './scenarios/micro.ts';
import { one } from './scenarios/one.ts';
import { beside } from './scenarios/peers.ts';
import { rehearse } from './scenarios/rehearse.ts';
import { split } from './scenarios/split.ts';

const SCENARIOS: Record<string, Scenario> = {
  one,
  '1000': many('1000', { devices: 1_000, ratio: 1.6, grows: false }),
  '10000': many('10000', { devices: 10_000, ratio: 1.35, grows: true }),
  peers: beside,
  fold: folded,
  inventory,
  latency,
  split,
  micro,
  rehearse: rehearse('rehearse', [10_000, 100_000]),
  million: { ...rehearse('million', [1_000_000]), onRequest: true },
};

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), Object.keys(SCENARIOS));
  if (options.help) {
    process.stdout.write(help(SCENARIOS));
    return 0;
  }
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stopped.abort(new Error(`stopped by ${signal}`)));
  await removeLeft();
  const folder = await mkdtemp(join(tmpdir(), `netsweep-bench-${process.pid}-`));
  try {
    await report(options, folder, stopped.signal);
    return 0;
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
    console.error(stopped.signal.reason.message);
    return 130;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Folders of runs that were killed may be large. */
async function removeLeft(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = /^netsweep-bench-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

async function report(options: Options, folder: string, stop: AbortSignal): Promise<void> {
  const about = { ...machine(), 'CPU counted': wayOfCounting() };
  const sections: Section[] = [];
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (options.only.length > 0 ? !options.only.includes(name) : scenario.onRequest) continue;
    say(`${name}: ${scenario.about}`);
    sections.push(await scenario.run({ options, folder, stop, say }));
  }
  const facts = Object.entries(about).map(([name, value]) => `${name} ${value}`);
  const printed = `${facts.join('; ')}.\n\n${markdown(sections)}`;
  console.log(printed);
  if (options.into !== null)
    writeFileSync(options.into, inPlace(readFileSync(options.into, 'utf8'), printed));
  const file = options.json ?? join(root, '.cache/bench/report.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `${JSON.stringify({ machine: about, options: { ...options, fleet: undefined, slowFleet: undefined }, sections }, null, 1)}\n`,
  );
  say(`everything measured is in ${file}`);
}

function say(text: string): void {
  console.error(`bench: ${text}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof UsageError ? `bench: ${error.message}` : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
