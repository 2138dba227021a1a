// `netsweep serve`: from its options to the coordinator's own configuration.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isLocalNats, withoutLogin } from '../../proto/natsurl.js';
import type { ServeConfig } from '../config.js';
import { Authority } from '../identity/authority.js';
import { authorityIn, urlsFile } from '../identity/init.js';
import { hasNats } from '../identity/natsplaces.js';
import { isLoopback } from '../intake/loopback.js';
import { serve } from '../serve.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { keepBy } from './keep.js';
import type { SERVE } from './settings.js';
import { tlsFiles } from './tlsfiles.js';

export async function runService(call: Call<typeof SERVE>): Promise<ExitCode> {
  const { values, stop } = call;
  if (values.init) return (await import('./serveinit.js')).initService(call);
  const { listen, http, state, keyFile, natsCreds, logLevel, auditHeads } = values;
  const nats = values.nats.flatMap((text) => text.split(',')).map((url) => url.trim());
  const tls = tlsFiles(values);
  const directory = join(state, 'serve');
  const authority = tls === null ? Authority.open(authorityIn(directory)) : null;
  if (values.renew) throw new UsageError('--renew belongs to --init');
  if (values.host.length + values.natsHost.length > 0)
    throw new UsageError('--host and --nats-host belong to --init: they say what is made there');
  if (!isLoopback(http))
    throw new UsageError(
      `--http ${http}: this has neither TLS nor authentication, so only loopback is served`,
    );
  if (tls === null && authority === null && !isLoopback(listen))
    throw new UsageError(
      `--listen ${listen}: without TLS and authentication only loopback is served (netsweep serve --init makes an authority; or give --tls-ca, --tls-cert and --tls-key)`,
    );
  const isOurs = authority !== null && natsCreds === null && hasNats(directory);
  const away = tls === null && !isOurs ? nats.find((url) => !isLocalNats(url)) : undefined;
  if (away !== undefined)
    throw new UsageError(
      `--nats ${withoutLogin(away)}: only loopback is reached without --tls-ca, --tls-cert and --tls-key`,
    );
  const config: ServeConfig = {
    nats: nats.length > 0 ? nats : natsOf(directory),
    ...{ listen, http, state, tls, authority, keyFile, natsCreds, logLevel, auditHeads },
    keep: keepBy(values),
  };
  await serve(config, stop);
  return EXIT.ok;
}

/** The servers that --init has made, or the one that is on most hosts. */
function natsOf(directory: string): string[] {
  const file = urlsFile(directory);
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : ['nats://127.0.0.1:4222'];
}
