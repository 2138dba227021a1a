// The command line of the bench.
import { parseArgs } from 'node:util';

export interface Options {
  only: string[];
  repeat: number;
  /** USER:PASSWORD@ADDRESS:PORT of a fleet that runs already; null: the rehearsal fleet. */
  fleet: string | null;
  /** The same with 300 ms to the prompt and 1 s per command. */
  slowFleet: string | null;
  /** Private key that may log in to a running fleet. */
  identity: string | null;
  fleetProcesses: number | null;
  /** Instead of a scenario's own number of devices. */
  devices: number | null;
  atOnce: number;
  json: string | null;
  /** A document in which the report replaces the one before. */
  into: string | null;
  help: boolean;
}

export class UsageError extends Error {}

export function readOptions(args: string[], known: string[]): Options {
  const { values } = parsed(args);
  const only = values.only?.split(',').filter(Boolean) ?? [];
  for (const name of only)
    if (!known.includes(name)) throw new UsageError(`no scenario "${name}"; there are ${known.join(', ')}`);
  return {
    only,
    repeat: whole('--repeat', values.repeat) ?? 3,
    fleet: values.fleet ?? process.env.NETSWEEP_BENCH_FLEET ?? null,
    slowFleet: values['slow-fleet'] ?? process.env.NETSWEEP_BENCH_SLOW_FLEET ?? null,
    identity: values.identity ?? process.env.NETSWEEP_BENCH_IDENTITY ?? null,
    fleetProcesses: whole('--fleet-processes', values['fleet-processes']),
    devices: whole('--devices', values.devices),
    atOnce: whole('--at-once', values['at-once']) ?? 500,
    json: values.json ?? null,
    into: values.into ?? null,
    help: values.help ?? false,
  };
}

export function help(scenarios: Record<string, { about: string; onRequest?: boolean }>): string {
  const lines = Object.entries(scenarios).map(
    ([name, { about, onRequest }]) => `  ${`${name}${onRequest ? '*' : ''}`.padEnd(10)} ${about}`,
  );
  return `npm run bench -- [options]

Measures netsweep beside bare ssh2 and what else is installed, on the same simulated devices in the same run.
Prints tables in Markdown and writes everything to a JSON file. Goals are told, never enforced.

  --only NAME,...            these scenarios (below); default: those without a star
  --repeat N                 rounds, interleaved; the least of them counts (default 3)
  --devices N                instead of the scenario's own number
  --at-once N                sessions at once, for all programs (default 500); rehearsed ones are three times as many
  --fleet USER:PASSWORD@ADDRESS:PORT
                             simulated devices that run already: R1 at ADDRESS, R2 at the next one, ...
                             ($NETSWEEP_BENCH_FLEET; default: the rehearsal fleet is started)
  --slow-fleet ...           the same with 300 ms to the prompt and 1 s per command ($NETSWEEP_BENCH_SLOW_FLEET)
  --identity FILE            private key that may log in to a running fleet, for peers built on OpenSSH
                             ($NETSWEEP_BENCH_IDENTITY)
  --fleet-processes N        of the rehearsal fleet (default: cores, at least 2)
  --json FILE                default: .cache/bench/report.json
  --into FILE                also replaces the report in a document, as in docs/performance.md
  --help

CPU is counted in control groups where they can be made (root, or a delegated group), else by looking at
/proc every 20 ms; the report says which. NETSWEEP_BENCH_CPU=proc forces the latter.

Scenarios:
${lines.join('\n')}
`;
}

function parsed(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      options: {
        only: text,
        repeat: text,
        devices: text,
        'at-once': text,
        fleet: text,
        'slow-fleet': text,
        identity: text,
        'fleet-processes': text,
        json: text,
        into: text,
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function whole(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`${name} takes a whole number from 1, not "${text}"`);
  return value;
}
