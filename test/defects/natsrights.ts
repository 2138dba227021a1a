import type { Defect } from './defect.ts';

const ROW = {
  file: 'test/identity/natsrights.test.ts',
  title: '%s may use it if the row says so, and in one way only',
};
const THIEF = {
  file: 'test/identity/natsthief.test.ts',
  title: 'a stolen agent reads nothing of another segment and changes nothing of it',
};
const NATS = 'test/identity/nats.test.ts';

export const defects: Defect[] = [
  {
    name: 'An agent may pull and acknowledge for every segment',
    file: 'coordinator/identity/natsclaims.ts',
    find: "allowed('agent', 'publish', scope)",
    replace: "allowed('agent', 'publish', { ...scope, segment: '*' })",
    test: ROW,
  },
  {
    name: 'An agent may say of others that they are there',
    file: 'proto/rights.ts',
    find: 'presenceSubject(storeId, agent)',
    replace: "presenceSubject(storeId, agent === '' ? agent : '*')",
    test: THIEF,
  },
  {
    name: 'Users hear whatever they like in their account',
    file: 'proto/rights.ts',
    find: "export const INBOXES = '_INBOX.>';",
    replace: "export const INBOXES = '>';",
    test: THIEF,
  },
  {
    name: 'No server hears of a revocation',
    file: 'coordinator/identity/natsauthority.ts',
    find: 'return claims === null || (await this.#tell(claims));',
    replace: 'return claims === null || claims.length > 0;',
    test: {
      file: NATS,
      title:
        'an agent pulls from each of its segments, whatever they are called, and is gone when it is revoked',
    },
  },
  {
    name: 'Credentials are read once',
    file: 'proto/natsconnect.ts',
    find: '      const fresh = readFileSync(file);',
    replace: '      const fresh = whole;',
    test: {
      file: NATS,
      title: 'an agent whose user has run out goes on with the one that was put in its place meanwhile',
    },
  },
  {
    name: 'A seed that others may read is used',
    file: 'coordinator/identity/natskeys.ts',
    find: 'if (open !== null)',
    replace: "if (open === '')",
    test: {
      file: NATS,
      title: 'what is made is for its owner alone, and a seed that others may read is not used',
    },
  },
  {
    name: "A bucket of an earlier version goes on to take away others' keys",
    file: 'coordinator/sweep/offers.ts',
    find: 'if (there?.config.allow_rollup_hdrs)',
    replace: 'if (there?.config.name === undefined && there?.config.allow_rollup_hdrs)',
    test: {
      file: 'test/real/offers.test.ts',
      title: 'a key of one agent can take none of another, in a bucket of an earlier version either',
    },
  },
  {
    name: 'Work is laid out on a NATS that lets in whoever comes',
    file: 'coordinator/sweep/natsconnection.ts',
    find: 'return !asksWho &&',
    replace: 'return asksWho === null &&',
    test: {
      file: 'test/real/serve.test.ts',
      title: 'ends with 4 where a NATS beyond loopback lets in whoever comes',
    },
  },
];
