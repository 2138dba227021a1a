// How coordinator and agents connect to NATS: for ever, over TLS where there is an identity, with credentials as they are
// at each connection.
import { readFileSync } from 'node:fs';
import { checkServerIdentity } from 'node:tls';
import { type Authenticator, credsAuthenticator, type NodeConnectionOptions } from '@nats-io/transport-node';
import { natsHost } from './natsurl.js';

export interface NatsOptions {
  servers: string[];
  /** A private server's secret; null: none. */
  token: string | null;
  credsFile: string | null;
  /** Paths. */
  tls: { ca: string; cert: string; key: string } | null;
}

/** `name`: for people who look at the server's connections. */
export function natsConnection(
  { servers, token, credsFile, tls }: NatsOptions,
  name: string,
): NodeConnectionOptions {
  return {
    servers,
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    waitOnFirstConnect: true,
    ignoreAuthErrorAbort: true,
    pingInterval: 5_000,
    timeout: 10_000, // of one attempt to connect
    ...(token === null ? {} : { token }),
    ...(credsFile === null ? {} : { authenticator: renewed(credsFile) }),
    ...(tls === null ? {} : { tls: tlsOptions(tls, servers) }),
  };
}

/** Credentials as they are at each connection: they are renewed while we run. Half a file counts as the last whole one. */
function renewed(file: string): Authenticator {
  let whole = readFileSync(file);
  return (nonce) => {
    try {
      const fresh = readFileSync(file);
      const shown = credsAuthenticator(fresh)(nonce);
      whole = fresh;
      return shown;
    } catch {
      return credsAuthenticator(whole)(nonce);
    }
  };
}

/**
 * The library gives TLS no name for an IP address, and TLS then looks for "localhost" in the certificate: there it
 * must be for one of the servers we were told of.
 */
function tlsOptions({ ca, cert, key }: NonNullable<NatsOptions['tls']>, servers: string[]) {
  const told = servers.map(natsHost);
  const identify: typeof checkServerIdentity = (host, certificate) => {
    const refusals = (host === 'localhost' ? told : [host]).map((name) =>
      checkServerIdentity(name, certificate),
    );
    return refusals.includes(undefined) ? undefined : refusals[0];
  };
  return { caFile: ca, certFile: cert, keyFile: key, checkServerIdentity: identify };
}
