// The agent's gRPC channel to its coordinator: addresses, TLS, keepalives. A peer that has gone without a word is
// noticed within 18 s, and a lost channel is opened again within a second. Claims and renewals have a connection of
// their own: over a narrow link they would come too late behind the results.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { AgentsClient } from '../proto/gen/netsweep/v1/agent_service.js';
import { Line } from '../proto/line.js';
import type { UplinkClient } from './uplink.js';

const CHANNEL: ChannelOptions = {
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
  'grpc.max_send_message_length': 16 * 1024 * 1024,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.keepalive_time_ms': 10_000,
  // What is under way when the ping leaves, 64 kB by HTTP/2's window, goes before it: over 10 kB/s that takes 7 s.
  'grpc.keepalive_timeout_ms': 8_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0, // nobody asks for it, and it counts every message
};

/** How long calls on connections that have been replaced may take to end, in ms. */
const GOING_OVER_MS = 10_000;

export interface TlsFiles {
  ca: string;
  cert: string;
  key: string;
}

/** Does not wait for the coordinator: calls do. */
export function openChannel(address: string, tls: TlsFiles | null): UplinkClient {
  const open = () => {
    const { credentials, options } = channel(address, tls);
    const line = () => new Line(() => new AgentsClient(address, credentials, options));
    return { results: line(), calls: line() };
  };
  let lines = open();
  const close = ({ results, calls }: typeof lines) => {
    results.close();
    calls.close();
  };
  return {
    link: () => lines.results.client.link(),
    claim: (request, metadata, options, callback) =>
      lines.calls.client.claim(request, metadata, options, callback),
    renew: (request, metadata, options, callback) =>
      lines.calls.client.renew(request, metadata, options, callback),
    reopen: () => {
      const before = lines;
      lines = open();
      setTimeout(() => close(before), GOING_OVER_MS).unref();
    },
    close: () => close(lines),
  };
}

/**
 * TLS has no server names for IP addresses, and Node warns of each: there a fixed name is sent, and the certificate
 * must be for the address.
 */
function channel(
  address: string,
  tls: TlsFiles | null,
): { credentials: ChannelCredentials; options: ChannelOptions } {
  if (tls === null) return { credentials: ChannelCredentials.createInsecure(), options: CHANNEL };
  const [ca, key, cert] = [readFileSync(tls.ca), readFileSync(tls.key), readFileSync(tls.cert)];
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return { credentials: ChannelCredentials.createSsl(ca, key, cert), options: CHANNEL };
  const verify: typeof checkServerIdentity = (_name, certificate) => checkServerIdentity(host, certificate);
  return {
    credentials: ChannelCredentials.createSsl(ca, key, cert, { checkServerIdentity: verify }),
    options: { ...CHANNEL, 'grpc.ssl_target_name_override': 'netsweep' },
  };
}
