// Members and join tokens: rows of one message each, under a checksum. What the disk has changed is left out: nobody may
// come in as something that nobody has written.
import { JoinToken, Member } from '../../proto/gen/netsweep/v1/members.js';
import type { MemberWrite } from '../identity/book.js';
import type { Sql } from './sql.js';
import { isIntact, sumOf } from './sums.js';

export function applyMember(sql: Sql, write: MemberWrite): void {
  switch (write.write) {
    case 'member':
      put(sql, 'members', write.member.id, Member.encode(write.member).finish());
      break;
    case 'joinToken':
      put(sql, 'join_tokens', write.token.id, JoinToken.encode(write.token).finish());
      break;
    case 'dropJoinToken':
      sql.run('DELETE FROM join_tokens WHERE id = ?', write.id);
      break;
    default:
      write satisfies never;
  }
}

function put(sql: Sql, table: 'members' | 'join_tokens', id: string, about: Uint8Array): void {
  sql.run(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?)`, id, about, sumOf(id, about));
}

export function members(sql: Sql): Member[] {
  return intact(sql, 'members').map((about) => Member.decode(about));
}

export function joinTokens(sql: Sql): JoinToken[] {
  return intact(sql, 'join_tokens').map((about) => JoinToken.decode(about));
}

function intact(sql: Sql, table: 'members' | 'join_tokens'): Uint8Array[] {
  const rows = sql.all<{ id: string; about: Uint8Array; sum: number }>(`SELECT id, about, sum FROM ${table}`);
  return rows.flatMap(({ id, about, sum }) => (isIntact(sum, id, about) ? [about] : []));
}
