// Who may call what: a row for each method of each service. The compiler asks for a row of every method, a test for
// every service of the .proto files, and what has none is refused.
import { AgentsService } from '../../proto/gen/netsweep/v1/agent_service.js';
import { AuditsService } from '../../proto/gen/netsweep/v1/audits_service.js';
import { HistoryService } from '../../proto/gen/netsweep/v1/history_service.js';
import { MembersService } from '../../proto/gen/netsweep/v1/members_service.js';
import { SchedulesService } from '../../proto/gen/netsweep/v1/schedules_service.js';
import { SweepsService } from '../../proto/gen/netsweep/v1/sweeps_service.js';
import type { Caller, Reach } from './caller.js';

const ANYONE: readonly Reach[] = ['anyone'];
const AGENT: readonly Reach[] = ['agent'];
const OPERATOR: readonly Reach[] = ['operator'];
const MEMBER: readonly Reach[] = ['agent', 'operator'];

type Row = [path: string, reach: readonly Reach[]];

function rows<Service extends Record<string, { path: string }>>(
  service: Service,
  reach: Readonly<Record<keyof Service, readonly Reach[]>>,
): Row[] {
  return Object.entries(service).map(([method, { path }]) => [path, reach[method]] as Row);
}

/** By the path of a method; one of these is needed. */
export const ACCESS: ReadonlyMap<string, readonly Reach[]> = new Map([
  ...rows(AgentsService, { link: AGENT, claim: AGENT, renew: AGENT }),
  ...rows(SweepsService, {
    ...{ attach: OPERATOR, submit: OPERATOR, watch: OPERATOR, results: OPERATOR, body: OPERATOR },
    ...{ list: OPERATOR, cancel: OPERATOR, remove: OPERATOR, listAgents: OPERATOR },
    ...{ listHostKeys: OPERATOR, acceptHostKey: OPERATOR, removeHostKeys: OPERATOR },
    ...{ listCredentials: OPERATOR, releaseCredential: OPERATOR },
    ...{ drainAgent: OPERATOR, diagnose: OPERATOR },
  }),
  ...rows(HistoryService, { versions: OPERATOR, newest: OPERATOR, forget: OPERATOR }),
  ...rows(AuditsService, { keep: OPERATOR, list: OPERATOR }),
  ...rows(SchedulesService, {
    ...{ add: OPERATOR, list: OPERATOR, runs: OPERATOR, pause: OPERATOR, run: OPERATOR, remove: OPERATOR },
    change: OPERATOR,
  }),
  ...rows(MembersService, {
    ...{ join: ANYONE, renew: MEMBER },
    ...{ enroll: OPERATOR, listTokens: OPERATOR, removeToken: OPERATOR, list: OPERATOR, revoke: OPERATOR },
  }),
]);

export function mayCall({ reach }: Caller, path: string): boolean {
  return ACCESS.get(path)?.some((one) => reach.includes(one)) === true;
}
