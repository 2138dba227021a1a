// Where there is no authority there are no members; whoever asks is told what to do.
import { type Server, type sendUnaryData, status } from '@grpc/grpc-js';
import { MembersService } from '../../proto/gen/netsweep/v1/members_service.js';

export function serveNoMembers(server: Pick<Server, 'addService'>): void {
  const details = 'this coordinator has no authority of its own: netsweep serve --init makes one';
  const none = (_call: unknown, callback: sendUnaryData<never>) =>
    callback({ code: status.FAILED_PRECONDITION, details });
  server.addService(MembersService, {
    ...{
      join: none,
      renew: none,
      enroll: none,
      listTokens: none,
      removeToken: none,
      list: none,
      revoke: none,
    },
  });
}
