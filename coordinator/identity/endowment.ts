// What an agent is given beside its certificate: a user of NATS, where that is ours, for as long as the certificate.
import { Role } from '../../proto/gen/netsweep/v1/members.js';
import type { Endowment } from './members.js';
import type { NatsAuthority } from './natsauthority.js';

export function natsEndowment(nats: NatsAuthority, servers: string[], storeId: string): Endowment {
  return {
    nats: async ({ name: agent, role, segments }, expires) => {
      if (role !== Role.AGENT) return { servers: [], creds: '' };
      const creds = await nats.user({ agent, segments, storeId, expires });
      const text = creds.toString();
      creds.fill(0);
      return { servers, creds: text };
    },
    revoked: async ({ name, role }) => {
      if (role === Role.AGENT) await nats.revoke(name);
    },
  };
}
