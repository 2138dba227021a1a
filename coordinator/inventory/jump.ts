// Jump hosts as people write them, `user@bastion1:22,bastion2` or a list of the same, to hops. What a hop's name
// stands for is not known here. What may be a password (`user:secret@host`) is never repeated in a message.
import { isIPv6 } from 'node:net';
import type { JumpHop } from './inventory.js';
import { type Located, type Place, positionOf } from './located.js';
import { type Given, readText } from './values.js';
import { quote } from './wording.js';

const EXPECTED = 'USER@HOST:PORT with commas between, or none';

/** A hop and where it starts in the text, or what is wrong there. */
export type Part = { offset: number } & ({ hop: Omit<JumpHop, 'at'> } | { wrong: string });

/** The hops of one text; none for `none`. */
export function partsOf(text: string): Part[] {
  if (text.trim().toLowerCase() === 'none') return [];
  let end = 0;
  return text.split(',').map((part) => {
    const offset = end + (/^\s*/.exec(part)?.[0].length ?? 0);
    end += part.length + 1;
    const read = readHop(part.trim());
    return typeof read === 'string' ? { offset, wrong: read } : { offset, hop: read };
  });
}

/** The field: a text, or a list of texts; `none`, false or an empty list for a direct connection. */
export function readJump(given: Given): JumpHop[] | undefined {
  const { value, world } = given;
  if (value.kind === 'boolean' && !value.boolean) return [];
  const hops: JumpHop[] = [];
  let isGood = true;
  const items = value.kind === 'list' ? value.items : [value];
  for (const item of items) {
    const wrong = (message: string, place: Place = item.at ?? value.at) => {
      isGood = false;
      world.issues.report(place, message);
    };
    const text = readText({ ...given, value: item, wrong });
    if (text === undefined) continue;
    const parts = partsOf(text);
    if (parts.length === 0 && items.length > 1) wrong('none stands beside other jump hosts');
    for (const part of parts) {
      const place = placeIn(item, part.offset);
      if ('wrong' in part) wrong(`${given.written}: ${part.wrong}`, place);
      else hops.push({ ...part.hop, at: positionOf(place) });
    }
  }
  return isGood ? hops : undefined;
}

/** A hop as people write it. */
export function hopText({ host, port, username }: Omit<JumpHop, 'at'>): string {
  const place = isIPv6(host) ? `[${host}]` : host;
  return `${username === null ? '' : `${username}@`}${place}${port === null ? '' : `:${port}`}`;
}

function readHop(text: string): Omit<JumpHop, 'at'> | string {
  if (text === '') return `a jump host is empty (expected ${EXPECTED})`;
  const bare = text.startsWith('ssh://') ? text.slice(6).replace(/\/$/, '') : text;
  const sign = bare.lastIndexOf('@');
  const username = sign === -1 ? null : bare.slice(0, sign);
  const place = bare.slice(sign + 1);
  if (username?.includes(':'))
    return `a jump host takes no password (expected ${EXPECTED}, and the password with a device of that name)`;
  if (/\s/.test(bare)) return `a jump host holds white space (found ${quote(text)}, expected ${EXPECTED})`;
  if (username === '') return `a jump host has no user before @ (found ${quote(text)}, expected ${EXPECTED})`;
  if (isIPv6(place))
    return `an IPv6 address has no brackets (found ${quote(text)}, expected ${EXPECTED}; did you mean ${bare.slice(0, sign + 1)}[${place}]?)`;
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(place);
  const [, bracketed, plain, port] = match ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || (bracketed !== undefined && !isIPv6(bracketed)))
    return `a jump host cannot be read (found ${quote(text)}, expected ${EXPECTED}, an IPv6 address in brackets)`;
  if (host === '') return `a jump host has no name (found ${quote(text)}, expected ${EXPECTED})`;
  if (port === undefined) return { host, port: null, username };
  if (!/^\d{1,6}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    return `the port of jump host ${quote(host)} is not one (expected a whole number from 1 to 65535)`;
  return { host, port: Number(port), username };
}

/** Where a part of a text stands, if the text stands in its file as it is. */
function placeIn(item: Located, index: number): Place {
  if (item.at === null || item.kind !== 'text') return item.at;
  const { source, offset } = item.at;
  const start = [offset, offset + 1].find((from) => source.text.startsWith(item.text, from));
  return start === undefined ? item.at : { source, offset: start + index };
}
