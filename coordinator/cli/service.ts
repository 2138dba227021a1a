// `netsweep serve`: from its options to the coordinator's own configuration.
import { isLocalNats, withoutLogin } from '../../proto/natsurl.js';
import type { ServeConfig } from '../config.js';
import { isLoopback } from '../intake/server.js';
import { serve } from '../serve.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { tlsFiles } from './link.js';
import type { SERVE } from './settings.js';

export async function runService({ values, stop }: Call<typeof SERVE>): Promise<ExitCode> {
  const { listen, http, state, keyFile, natsCreds, keepVersions, keepDays, logLevel } = values;
  const nats = values.nats.flatMap((text) => text.split(',')).map((url) => url.trim());
  const tls = tlsFiles(values);
  if (!isLoopback(http)) throw new UsageError(`--http ${http}: only loopback is served so far`);
  if (tls === null && !isLoopback(listen))
    throw new UsageError(
      `--listen ${listen}: without --tls-ca, --tls-cert and --tls-key only loopback is served`,
    );
  const away = tls === null ? nats.find((url) => !isLocalNats(url)) : undefined;
  if (away !== undefined)
    throw new UsageError(
      `--nats ${withoutLogin(away)}: only loopback is reached without --tls-ca, --tls-cert and --tls-key`,
    );
  const config: ServeConfig = {
    nats: nats.length > 0 ? nats : ['nats://127.0.0.1:4222'],
    ...{ listen, http, state, tls, keyFile, natsCreds },
    keep: { versions: keepVersions, days: keepDays },
    logLevel,
  };
  await serve(config, stop);
  return EXIT.ok;
}
