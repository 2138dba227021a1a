#!/usr/bin/env node
// The rehearsal fleet's process edge: options, one line on stdout once every device answers, and an end at
// SIGTERM, SIGINT or when the process that forked it is gone. Secrets come from files or the environment.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { describeFaults, FAULT_NAMES, type Fault, isFault } from './fault.js';
import { startFleet } from './fleet.js';
import { checkInventoryFile, writeInventory } from './inventory.js';
import { FLEET_DEFAULTS, type FleetOptions } from './options.js';
import { FleetOptionError, type FleetPlatform, PLATFORMS } from './plan.js';
import { readPublicKey } from './sshd.js';

interface Arguments {
  devices: number;
  listen: string;
  port: number;
  segments: number;
  siteSize: number;
  platforms: FleetPlatform[];
  names: 'number' | 'platform';
  promptLatency: number;
  commandLatency: number;
  jitter: number;
  bad: Partial<Record<Fault, number>>;
  slow: number;
  drip?: number;
  configLines: number;
  unprivileged: number;
  keyboardInteractive: number;
  idle: number;
  seed: number;
  processes: number;
  user: string;
  passwordFile?: string;
  secretFile?: string;
  authorizedKey?: string;
  events?: string;
  inventory?: string;
}

const LIST_TITLE = 'Kinds of --bad, how a sweep must end there (and the stage of the failure):';

function describeProgram(): Command {
  const defaults = FLEET_DEFAULTS;
  return new Command('netsweep fleet')
    .description('Simulated devices on loopback addresses, to rehearse sweeps with.')
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .requiredOption('--devices <n>', 'how many', whole(1, 1_000_000))
    .option('--listen <range>', 'where addresses are dealt from, within 127.0.0.0/8', defaults.listen)
    .option('--port <port>', 'the same on every address; 0: a free one', whole(0, 65_535), 0)
    .option('--segments <n>', 'segment-1 to segment-N, in blocks; 0: all in default', whole(0, 100_000), 0)
    .option('--site-size <n>', 'devices in a site; 0: no sites', whole(0, 1_000_000), defaults.siteSize)
    .option('--platforms <list>', `dealt in turn: ${PLATFORMS.join(',')}`, readPlatforms, [
      ...defaults.platforms,
    ])
    .addOption(
      new Option('--names <style>', 'R1, R2 ... or R1, SW2, r3 ...')
        .choices(['number', 'platform'])
        .default('number'),
    )
    .option('--prompt-latency <ms>', 'from the shell request to the prompt', whole(0, 3_600_000), 0)
    .option('--command-latency <ms>', 'from a command to its output', whole(0, 3_600_000), 0)
    .option('--jitter <percent>', 'spreads both, fixed for each device', whole(0, 100), 0)
    .option('--bad <kind=fraction>', 'repeatable; --bad list shows the kinds', readBad, {})
    .option('--slow <ms>', 'what a slow device adds to both latencies', whole(0, 3_600_000), defaults.slowMs)
    .option(
      '--drip <ms>',
      'output byte by byte with this pause, for --bad drip or, without it, for all',
      whole(0, 60_000),
    )
    .option(
      '--config-lines <n>',
      'length of a configuration, about',
      whole(1, 10_000_000),
      defaults.configLines,
    )
    .option(
      '--unprivileged <fraction>',
      'IOS, IOS XE and EOS devices that ask for the enable secret',
      share,
      defaults.unprivileged,
    )
    .option(
      '--keyboard-interactive <fraction>',
      'devices without the method password',
      share,
      defaults.keyboardInteractive,
    )
    .option(
      '--processes <n>',
      'that share the devices; above 2,000 of these each has a port of its own, from --port upwards',
      whole(1, 256),
      defaults.processes,
    )
    .option(
      '--idle <ms>',
      'closes a connection on which nothing moves',
      whole(1, 86_400_000),
      defaults.idleMs,
    )
    .option('--seed <n>', 'the same seed gives the same fleet', whole(0, 2 ** 32 - 1), defaults.seed)
    .option('--user <name>', 'who may log in', defaults.user)
    .option('--password-file <file>', 'default: $NETSWEEP_FLEET_PASSWORD, else "rehearsal"')
    .option('--secret-file <file>', 'default: $NETSWEEP_FLEET_SECRET, else "rehearsal-enable"')
    .option('--authorized-key <file>', 'a public key that may log in')
    .option('--events <file>', 'append what reaches the devices, as JSON lines')
    .option('--inventory <file>', 'write the inventory: .json .yaml .csv .py')
    .addHelpText('after', `\n${LIST_TITLE}\n${describeFaults()}`);
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`);
    return value;
  };
}

function share(text: string): number {
  const value = Number(text);
  if (!/^[\d.]+$/.test(text) || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('expected a fraction from 0 to 1.');
  return value;
}

function readPlatforms(text: string): FleetPlatform[] {
  return text.split(',').map((name) => {
    const platform = PLATFORMS.find((known) => known === name.trim());
    if (platform === undefined)
      throw new InvalidArgumentError(`"${name}" is none of ${PLATFORMS.join(', ')}.`);
    return platform;
  });
}

function readBad(text: string, before: Arguments['bad']): Arguments['bad'] {
  if (text === 'list') {
    process.stdout.write(`${LIST_TITLE}\n${describeFaults()}`);
    throw new CommanderError(0, 'netsweep.list', '');
  }
  const [kind = '', fraction = ''] = text.split('=', 2);
  if (!isFault(kind)) throw new InvalidArgumentError(`"${kind}" is none of ${FAULT_NAMES.join(', ')}.`);
  return { ...before, [kind]: share(fraction) };
}

/** A secret and what an inventory may say about it. */
function findSecret(
  file: string | undefined,
  variable: string,
  usual: string,
): { text: string; named: string } {
  if (file !== undefined)
    return { text: readFileSync(file, 'utf8').replace(/\r?\n$/, ''), named: `file:${resolve(file)}` };
  const text = process.env[variable];
  return text === undefined ? { text: usual, named: usual } : { text, named: `env:${variable}` };
}

function readAuthorizedKey(file: string): string {
  const key = readPublicKey(readFileSync(file, 'utf8'));
  if (key === null)
    throw new FleetOptionError(`--authorized-key ${file} is not a public key in OpenSSH format`);
  return key;
}

async function run(given: Arguments): Promise<void> {
  const password = findSecret(given.passwordFile, 'NETSWEEP_FLEET_PASSWORD', FLEET_DEFAULTS.password);
  const enable = findSecret(given.secretFile, 'NETSWEEP_FLEET_SECRET', FLEET_DEFAULTS.enableSecret);
  if (given.inventory !== undefined) checkInventoryFile(given.inventory);
  const options: FleetOptions = {
    ...given,
    password: password.text,
    enableSecret: enable.text,
    authorizedKey: given.authorizedKey === undefined ? null : readAuthorizedKey(given.authorizedKey),
    promptLatencyMs: given.promptLatency,
    commandLatencyMs: given.commandLatency,
    jitterPercent: given.jitter,
    slowMs: given.slow,
    dripMs: given.drip ?? null,
    idleMs: given.idle,
    events: given.events ?? null,
    onEvent: null,
  };
  const stopped = waitForStop();
  await using fleet = await startFleet(options);
  if (given.inventory !== undefined)
    writeInventory(given.inventory, {
      ...options,
      devices: fleet.devices,
      port: fleet.port,
      password: password.named,
      enableSecret: enable.named,
    });
  process.stdout.write(`ready port=${fleet.port} devices=${fleet.devices.length} pid=${process.pid}\n`);
  await stopped;
}

function waitForStop(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
    process.once('disconnect', () => resolve());
  });
}

function fail(error: unknown): never {
  if (error instanceof CommanderError && error.exitCode === 0) process.exit(0);
  const expected =
    error instanceof CommanderError || error instanceof FleetOptionError || isSystemError(error);
  if (!expected) throw error;
  process.stderr.write(`netsweep fleet: ${error.message.replace(/^error: /, '')}\n`);
  process.exit(2);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

async function main(): Promise<never> {
  try {
    const program = describeProgram();
    program.parse();
    await run(program.opts<Arguments>());
    process.exit(0);
  } catch (error) {
    fail(error);
  }
}

void main();
