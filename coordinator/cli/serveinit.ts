// `netsweep serve --init`: makes what a coordinator needs to be reached from other hosts, and says what to start. With
// --renew: certificates for it once more.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Authority } from '../identity/authority.js';
import { authorityIn, init, type Made, renew } from '../identity/init.js';
import type { NatsServerFiles } from '../identity/natsinit.js';
import { StateInUse, StoreDamaged, StoreRefused } from '../store/refusal.js';
import { Unreachable } from '../unreachable.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { shellWord } from './link.js';
import { printLines } from './print.js';
import type { SERVE } from './settings.js';

/** The coordinator is reached so on its own host, whatever else it is called. */
const HERE = ['localhost', '127.0.0.1', '::1'];

export async function initService(call: Call<typeof SERVE>): Promise<ExitCode> {
  const { values, sources } = call;
  const { state, keyFile, listen } = values;
  const directory = join(state, 'serve');
  if (values.renew) return renewService(call, directory);
  if (Authority.open(authorityIn(directory)) !== null)
    throw new UsageError(
      `${authorityIn(directory)} holds an authority already; it is never overwritten (--renew: new certificates of it)`,
    );
  const given = namesOf('--host', values.host);
  const hosts = [...new Set([...(given.length > 0 ? given : [hostname()]), ...HERE])];
  const natsGiven = namesOf('--nats-host', values.natsHost);
  const natsHosts = natsGiven.length > 0 ? natsGiven : hosts.slice(0, 1);
  if (natsHosts.length === 2) throw new UsageError('--nats-host: found 2, expected one, or three and more');
  const made = await initialized(() => init({ directory, keyFile, hosts, natsHosts }));
  const where = sources.state === 'default' ? '' : ` --state ${shellWord(state)}`;
  const everywhere = sources.listen === 'default' ? '0.0.0.0:7440' : listen;
  await printLines([...about(made, directory, hosts), ...next(made, where, everywhere)]);
  return EXIT.ok;
}

async function renewService({ values }: Call<typeof SERVE>, directory: string): Promise<ExitCode> {
  const authority = Authority.open(authorityIn(directory));
  if (authority === null)
    throw new UsageError(`${authorityIn(directory)} holds no authority: netsweep serve --init makes one`);
  if (values.natsHost.length > 0)
    throw new UsageError('--nats-host: servers stay where they are with --renew');
  const hosts = namesOf('--host', values.host);
  const servers = await renew(
    directory,
    authority,
    hosts.length > 0 ? [...new Set([...hosts, ...HERE])] : [],
  );
  await printLines([
    `the coordinator's certificate is new, for ${authority.hosts.join(', ')}; a netsweep serve that runs shows it within a minute`,
    ...servers.map(({ name, folder }) => `${name}: new certificate in ${folder}`),
    ...(servers.length === 0
      ? []
      : ['bring tls.crt to the folder of each server, then on its host:', '  nats-server --signal reload']),
  ]);
  return EXIT.ok;
}

function about({ authority }: Made, directory: string, hosts: string[]): string[] {
  return [
    `the authority is in ${authorityIn(directory)}: whoever has it decides who may connect, so keep it as you keep a root key`,
    `  fingerprint (SHA-256) ${authority.fingerprint.toString('hex')}`,
    `  the coordinator is reached as ${hosts.join(', ')}`,
  ];
}

function next({ nats }: Made, where: string, listen: string): string[] {
  // Of several each goes to a host of its own with its folder, in which its paths begin.
  const start = ({ configuration, folder }: NatsServerFiles) =>
    nats.length === 1
      ? `  nats-server -c ${shellWord(configuration)}`
      : `  cd ${shellWord(folder)} && nats-server -c nats-server.conf    # on its own host, wherever the folder lies there`;
  return [
    'start next:',
    ...nats.map(start),
    `  netsweep serve${where} --listen ${listen}`,
    `  netsweep enroll AGENT --segment SEGMENT${where}    # prints what netsweep-agent join takes on the agent's host`,
    `  netsweep enroll --operator NAME${where}            # prints what netsweep join takes, for --coordinator from elsewhere`,
  ];
}

function namesOf(option: string, texts: string[]): string[] {
  const names = texts.flatMap((text) => text.split(',')).map((name) => name.trim());
  const wrong = names.find((name) => !/^[A-Za-z0-9:.-]{1,253}$/.test(name));
  if (wrong !== undefined)
    throw new UsageError(`${option}: found "${wrong}", expected the name or address of a host`);
  return names;
}

async function initialized(work: () => Promise<Made>): Promise<Made> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreRefused) throw new UsageError(error.message);
    if (error instanceof StateInUse || error instanceof StoreDamaged)
      throw new Unreachable(error.message, { cause: error });
    throw error;
  }
}
