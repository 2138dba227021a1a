// The simulated devices that everything is measured against: a fleet that runs already, or the rehearsal fleet,
// started here in a control group of its own so that its CPU is told apart.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Account, printed } from './account/account.ts';
import { type Device, readDevices } from './inventory.ts';
import { said } from './machine.ts';
import { built, program } from './place.ts';

export interface FleetWish {
  devices: number;
  /** From the shell request to the prompt, in ms. */
  promptMs: number;
  /** From a command to its output, in ms. */
  commandMs: number;
}

export interface Fleet extends AsyncDisposable {
  /** How it is called in the report. */
  title: string;
  devices: Device[];
  /** File of a private key that may log in as well; null: there is none. */
  key: string | null;
  /** CPU so far; null: it is not ours to look at. */
  cpuMs(): number | null;
}

/** `user:password@127.1.0.1:2222`: R1 there, R2 at the next address, all at one port. */
export function runningFleet(words: string, devices: number, key: string | null = null): Fleet {
  const [, username, password, host, port] = /^([^:@]+):([^@]*)@([\d.]+):(\d+)$/.exec(words) ?? [];
  if (username === undefined || password === undefined || host === undefined || port === undefined)
    throw new Error(`a fleet is named as USER:PASSWORD@FIRST-ADDRESS:PORT, not "${words}"`);
  const first = host.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return {
    title: `a fleet at ${host}:${port}`,
    devices: Array.from({ length: devices }, (_, n) => ({
      name: `R${n + 1}`,
      host: [24, 16, 8, 0].map((bits) => ((first + n) >>> bits) & 255).join('.'),
      port: Number(port),
      username,
      password,
    })),
    key,
    cpuMs: () => null,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** The rehearsal fleet, in as many processes as `processes`. */
export async function rehearsalFleet(
  { devices, promptMs, commandMs }: FleetWish,
  { folder, processes, stop }: { folder: string; processes: number; stop: AbortSignal },
): Promise<Fleet> {
  const [inventory, said] = [join(folder, 'fleet.csv'), join(folder, 'fleet.log')];
  const key = makeKey(folder);
  const account = Account.open(() => null, stop);
  try {
    const child = await account.start({
      command: [
        process.execPath,
        built('agent/fleet/main.js'),
        ...['--devices', String(devices), '--inventory', inventory, '--processes', String(processes)],
        ...['--prompt-latency', String(promptMs), '--command-latency', String(commandMs)],
        ...['--unprivileged', '0', '--keyboard-interactive', '0'],
        ...(key === null ? [] : ['--authorized-key', `${key}.pub`]),
      ],
      role: 'fleet',
      stdout: said,
      stderr: `${said}.err`,
    });
    await printed(child, said, /^ready /m, stop);
  } catch (error) {
    await account[Symbol.asyncDispose]();
    throw error;
  }
  return {
    title: `the rehearsal fleet, ${processes} processes`,
    devices: readDevices(readFileSync(inventory, 'utf8')),
    key,
    cpuMs: () => account.bill().total.cpuMs,
    [Symbol.asyncDispose]: () => account[Symbol.asyncDispose](),
  };
}

/** Null where OpenSSH is not installed; then nothing here needs one. */
function makeKey(folder: string): string | null {
  const file = join(folder, 'id_ed25519');
  if (existsSync(file)) return file;
  const keygen = program('ssh-keygen');
  return keygen !== null && said(keygen, ['-q', '-t', 'ed25519', '-N', '', '-f', file]) !== null
    ? file
    : null;
}
