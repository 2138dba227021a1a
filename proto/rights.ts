// Every kind of subject that our programs use on NATS, and who may. What a user of NATS is allowed is generated from
// this list, so a subject that is missing here is refused by a server that was set up by us.
import { bucketStream, consumerName, presenceSubject, shardSubject, streamName } from './subjects.js';

/** Whose rights are asked for. An agent has them for each of its segments. */
export interface Scope {
  storeId: string;
  agent: string;
  segment: string;
}

export interface SubjectKind {
  who: 'coordinator' | 'agent' | 'both';
  verb: 'publish' | 'subscribe';
  /** In the account of whoever sends or listens. */
  subject(scope: Scope): string;
  /** What of the coordinator's account this is to agents, whose accounts are others; null: nothing. */
  service: { answers: 'once' | 'often'; subject(scope: Scope): string } | null;
}

const API = '$JS.API';

/** What answers come back on; an agent has an account of its own, so nobody else's are there. */
export const INBOXES = '_INBOX.>';

export const SUBJECT_KINDS = {
  shard: coordinators(({ storeId }) => shardSubject(storeId, null)),
  accountInfo: coordinators(() => `${API}.INFO`),
  streamInfo: coordinators(({ storeId }) => `${API}.STREAM.INFO.${streamName(storeId)}`),
  streamCreate: coordinators(({ storeId }) => `${API}.STREAM.CREATE.${streamName(storeId)}`),
  streamUpdate: coordinators(({ storeId }) => `${API}.STREAM.UPDATE.${streamName(storeId)}`),
  consumerCreate: coordinators(
    ({ storeId }) => `${API}.CONSUMER.CREATE.${streamName(storeId)}.*.${shardSubject(storeId, null)}`,
  ),
  consumerDelete: coordinators(({ storeId }) => `${API}.CONSUMER.DELETE.${streamName(storeId)}.*`),
  bucketInfo: coordinators(({ storeId }) => `${API}.STREAM.INFO.${bucketStream(storeId)}`),
  bucketCreate: coordinators(({ storeId }) => `${API}.STREAM.CREATE.${bucketStream(storeId)}`),
  bucketUpdate: coordinators(({ storeId }) => `${API}.STREAM.UPDATE.${bucketStream(storeId)}`),
  consumerInfo: agents('once', API, (scope, api) => `${api}.CONSUMER.INFO.${durable(scope)}`),
  pull: agents('often', API, (scope, api) => `${api}.CONSUMER.MSG.NEXT.${durable(scope)}`),
  acknowledge: agents('once', null, (scope) => `$JS.ACK.${durable(scope)}.>`),
  presence: agents('once', null, ({ storeId, agent }) => presenceSubject(storeId, agent)),
  answer: { who: 'both', verb: 'subscribe', service: null, subject: () => INBOXES },
} as const satisfies Record<string, SubjectKind>;

export type SubjectKindName = keyof typeof SUBJECT_KINDS;

/** What one of the two may publish or subscribe to in this scope. */
export function allowed(who: 'coordinator' | 'agent', verb: SubjectKind['verb'], scope: Scope): string[] {
  return Object.values<SubjectKind>(SUBJECT_KINDS)
    .filter((kind) => kind.verb === verb && (kind.who === who || kind.who === 'both'))
    .map(({ subject }) => subject(scope));
}

/** JetStream's own subjects mean an account's own JetStream, and an agent's has none: ours goes by another name there. */
function agentApi({ storeId }: Scope): string {
  return `netsweep.${storeId}.api`;
}

function durable({ storeId, segment }: Scope): string {
  return `${streamName(storeId)}.${segment === '*' ? '*' : consumerName(segment)}`;
}

function coordinators(subject: SubjectKind['subject']): SubjectKind {
  return { who: 'coordinator', verb: 'publish', service: null, subject };
}

/** `api`: the prefix of the service where it is another than the agent's. */
function agents(
  answers: 'once' | 'often',
  api: string | null,
  subject: (scope: Scope, api: string) => string,
): SubjectKind {
  return {
    who: 'agent',
    verb: 'publish',
    service: { answers, subject: (scope) => subject(scope, api ?? agentApi(scope)) },
    subject: (scope) => subject(scope, agentApi(scope)),
  };
}
