// What somebody with one agent's keys may try on NATS to get at another segment: the whole API of JetStream by each of
// its names, other people's acknowledgements, keys, inboxes and shards, the system's services; asked for outright, and
// by naming them as the address that the answer of something allowed is to go to.
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { SUBJECT_KINDS } from '../../proto/rights.ts';
import {
  bucketStream,
  consumerName,
  presenceSubject,
  shardSubject,
  streamName,
} from '../../proto/subjects.ts';

export interface Attempt {
  subject: string;
  payload: string;
  headers?: MsgHdrs;
  /** Where the answer is to go; null: to whoever asks. */
  reply: string | null;
}

export interface Theft {
  storeId: string;
  thief: string;
  own: string;
  victim: string;
  other: string;
}

/** Everything that is not allowed, asked for outright. */
export function outright(theft: Theft): Attempt[] {
  return [...api(theft), ...acknowledgements(theft), ...publications(theft), ...system()];
}

/** Everything once more, by way of the answer to something that is allowed. */
export function redirected(theft: Theft): Attempt[] {
  const { storeId, thief: agent, own: segment } = theft;
  const scope = { storeId, agent, segment };
  const pull = { subject: SUBJECT_KINDS.pull.subject(scope), payload: '{"batch":1,"no_wait":true}' };
  const others = [
    { subject: SUBJECT_KINDS.presence.subject(scope), payload: '{}' },
    { subject: SUBJECT_KINDS.consumerInfo.subject(scope), payload: '' },
  ];
  const targets = [...new Set(outright(theft).map(({ subject }) => subject))];
  return targets.flatMap((reply) => [pull, ...others].map((carrier) => ({ ...carrier, reply })));
}

/** What is allowed, with what is not in its headers. */
export function smuggled({ storeId, thief }: Theft): Attempt[] {
  const subject = presenceSubject(storeId, thief);
  return [
    ['Nats-Rollup', 'all'],
    ['Nats-Rollup', 'sub'],
    ['KV-Operation', 'PURGE'],
    ['Nats-Expected-Stream', streamName(storeId)],
  ].map(([name = '', value = '']) => {
    const attempt = headers();
    attempt.set(name, value);
    return { subject, payload: '{}', headers: attempt, reply: null };
  });
}

/** What nobody but the system, the coordinator or another agent hears. */
export function eavesdropping({ storeId, victim, other }: Theft): string[] {
  const patterns = ['>', '*', '*.>', '*.*.*.*', 'netsweep.>', '_INBOX_coordinator.>', '_R_.>', '_GR_.>'];
  const system = ['$SYS.>', '$SYS.ACCOUNT.>', '$SYS.REQ.>', '$G.>', '$JSC.>', '$NRG.>', '$SRV.>'];
  const streams = [
    '$JS.>',
    '$JS.API.>',
    '$JS.ACK.>',
    '$JS.EVENT.>',
    '$JS.EVENT.ADVISORY.>',
    '$JS.SNAPSHOT.>',
    '$KV.>',
  ];
  const theirs = [
    shardSubject(storeId, other),
    shardSubject(storeId, null),
    presenceSubject(storeId, victim),
    presenceSubject(storeId, '*'),
    `$JS.ACK.${streamName(storeId)}.${consumerName(other)}.>`,
    `netsweep.${storeId}.api.>`,
  ];
  return [...patterns, ...system, ...streams, ...theirs];
}

function api(theft: Theft): Attempt[] {
  const { storeId, other } = theft;
  const prefixes = ['$JS.API', `netsweep.${storeId}.api`];
  return prefixes.flatMap((prefix) =>
    [streamName(storeId), bucketStream(storeId)].flatMap((stream) =>
      operations(theft, stream, consumerName(other)).map(([operation, body]) => ({
        subject: `${prefix}.${operation}`,
        payload: body === undefined ? '' : JSON.stringify(body),
        reply: null,
      })),
    ),
  );
}

function operations({ storeId, other }: Theft, stream: string, consumer: string): [string, unknown?][] {
  const theirs = shardSubject(storeId, other);
  const everything = {
    durable_name: 'loot',
    ack_policy: 'none',
    deliver_policy: 'all',
    deliver_subject: '_INBOX.loot.x',
  };
  const creation = { stream_name: stream, config: everything };
  return [
    ['INFO'],
    ['STREAM.NAMES'],
    ['STREAM.LIST'],
    [`STREAM.INFO.${stream}`],
    [`STREAM.CREATE.${stream}`, { name: stream, subjects: ['_INBOX.loot.x'] }],
    ['STREAM.CREATE.loot', { name: 'loot', sources: [{ name: stream }] }],
    ['STREAM.CREATE.loot', { name: 'loot', mirror: { name: stream } }],
    ['STREAM.CREATE.loot', { name: 'loot', subjects: ['_INBOX.>'] }],
    [`STREAM.UPDATE.${stream}`, { name: stream, subjects: ['_INBOX.loot.x'] }],
    [`STREAM.DELETE.${stream}`],
    [`STREAM.PURGE.${stream}`],
    [`STREAM.PURGE.${stream}`, { filter: theirs }],
    [`STREAM.MSG.GET.${stream}`, { seq: 1 }],
    [`STREAM.MSG.GET.${stream}`, { last_by_subj: theirs }],
    [`STREAM.MSG.DELETE.${stream}`, { seq: 1 }],
    [`STREAM.SNAPSHOT.${stream}`, { deliver_subject: '_INBOX.loot.x' }],
    ['STREAM.RESTORE.loot', { config: { name: 'loot' } }],
    [`STREAM.LEADER.STEPDOWN.${stream}`],
    [`STREAM.PEER.REMOVE.${stream}`, { peer: 'nats-1' }],
    [`DIRECT.GET.${stream}`, { seq: 1 }],
    [`DIRECT.GET.${stream}.${theirs}`],
    [`CONSUMER.CREATE.${stream}`, creation],
    [`CONSUMER.CREATE.${stream}.loot`, creation],
    [`CONSUMER.CREATE.${stream}.loot.${theirs}`, creation],
    [`CONSUMER.DURABLE.CREATE.${stream}.loot`, creation],
    [`CONSUMER.NAMES.${stream}`],
    [`CONSUMER.LIST.${stream}`],
    [`CONSUMER.INFO.${stream}.${consumer}`],
    [`CONSUMER.DELETE.${stream}.${consumer}`],
    [`CONSUMER.MSG.NEXT.${stream}.${consumer}`, { batch: 10, no_wait: true }],
    [`CONSUMER.LEADER.STEPDOWN.${stream}.${consumer}`],
    ['META.LEADER.STEPDOWN'],
    ['SERVER.REMOVE', { peer: 'nats-1' }],
    ['ACCOUNT.PURGE.netsweep'],
  ];
}

function acknowledgements({ storeId, other }: Theft): Attempt[] {
  const payloads = ['+ACK', '-NAK', '+TERM', '+WPI', '+NXT', ''];
  return payloads.flatMap((payload) =>
    [1, 2, 3].map((sequence) => ({
      subject: `$JS.ACK.${streamName(storeId)}.${consumerName(other)}.1.${sequence}.${sequence}.1700000000000000000.0`,
      payload,
      reply: null,
    })),
  );
}

function publications({ storeId, own, victim, other }: Theft): Attempt[] {
  const gone = headers();
  gone.set('KV-Operation', 'DEL');
  const alone = headers();
  alone.set('Nats-Rollup', 'all');
  const theirs = presenceSubject(storeId, victim);
  return [
    ...[shardSubject(storeId, other), shardSubject(storeId, own), `netsweep.${storeId}.shard.x`].map(
      (subject) => ({
        subject,
        payload: 'forged',
        reply: null,
      }),
    ),
    { subject: theirs, payload: 'forged', reply: null },
    { subject: theirs, payload: '', headers: gone, reply: null },
    { subject: theirs, payload: '', headers: alone, reply: null },
    { subject: '_R_.loot', payload: 'forged', reply: null },
    { subject: '_INBOX_coordinator.x', payload: 'forged', reply: null },
  ];
}

function system(): Attempt[] {
  const services = [
    'VARZ',
    'CONNZ',
    'ROUTEZ',
    'SUBSZ',
    'JSZ',
    'ACCOUNTZ',
    'HEALTHZ',
    'GATEWAYZ',
    'LEAFZ',
    'STATSZ',
  ];
  const subjects = [
    ...services.map((service) => `$SYS.REQ.SERVER.PING.${service}`),
    '$SYS.REQ.SERVER.PING',
    ...['CONNZ', 'SUBSZ', 'JSZ', 'INFO', 'STATZ'].map((what) => `$SYS.REQ.ACCOUNT.PING.${what}`),
    '$SYS.REQ.USER.INFO',
    '$SYS.REQ.CLAIMS.UPDATE',
    '$SYS.REQ.CLAIMS.DELETE',
    '$SYS.REQ.CLAIMS.LIST',
    '$SYS.REQ.CLAIMS.PACK',
    '$SRV.PING',
    '$SRV.INFO',
  ];
  return subjects.map((subject) => ({ subject, payload: '', reply: null }));
}
