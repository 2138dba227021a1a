// Where members and join tokens are kept, as those see it who decide about them.
import type { JoinToken, Member } from '../../proto/gen/netsweep/v1/members.js';

export type MemberWrite =
  | { write: 'member'; member: Member }
  | { write: 'joinToken'; token: JoinToken }
  | { write: 'dropJoinToken'; id: string };

export interface MemberBook {
  members(): Promise<Member[]>;
  joinTokens(): Promise<JoinToken[]>;
  /** True together or not at all; resolves when it is on disk. */
  commit(writes: MemberWrite[]): Promise<unknown>;
}
