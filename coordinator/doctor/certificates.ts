// When certificates end. Those of our own authority are renewed by themselves at two thirds of their life.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Member, Role } from '../../proto/gen/netsweep/v1/members.js';
import { fail, ok, type Verdict, warn } from './check.js';

const DAY_MS = 24 * 3_600_000;
const SOON_DAYS = 7;
/** Less than this share of its life is left: whatever should have renewed it has not. */
const LATE_SHARE = 1 / 6;
/** One that lives shorter is renewed by a program, not by a person. */
const SHORT_LIVED_DAYS = 30;

/** Of a PEM file; `what` completes "... ends". */
export async function certificate(what: string, file: string, nowMs: number): Promise<Verdict[]> {
  const { validFrom, validTo, subject } = new X509Certificate(await readFile(file));
  return [
    life(
      `${what} (${file}, ${subject.replaceAll('\n', ', ')})`,
      Date.parse(validFrom),
      Date.parse(validTo),
      nowMs,
    ),
  ];
}

/** Whether members of our own authority renew what they show. */
export function renewals(members: readonly Member[], nowMs: number): Verdict[] {
  const current = members.filter(({ revokedAtMs }) => revokedAtMs === 0);
  const verdicts = current.flatMap(({ name, role, certificates, lifeMs }) => {
    const ends = Math.max(0, ...certificates.map(({ expiresAtMs }) => expiresAtMs));
    const who = `${role === Role.AGENT ? 'agent' : 'operator'} ${name}`;
    if (ends === 0) return [];
    if (ends <= nowMs)
      return [
        warn(
          `the certificate of ${who} has ended: it can't come back by itself`,
          `netsweep enroll ${name}, and join again, or revoke it`,
        ),
      ];
    if (ends - nowMs < LATE_SHARE * lifeMs)
      return [
        warn(
          `the certificate of ${who} was not renewed at two thirds of its life`,
          'look at its log: it may be down, or not reach us',
        ),
      ];
    return [];
  });
  return verdicts.length > 0 || current.length === 0
    ? verdicts
    : [ok(`${current.length} members have certificates that last`)];
}

export function life(
  what: string,
  fromMs: number,
  toMs: number,
  nowMs: number,
  { soonDays = SOON_DAYS, advice = 'renew it' } = {},
): Verdict {
  const until = new Date(toMs).toISOString().slice(0, 16).replace('T', ' ');
  if (nowMs >= toMs)
    return fail(`${what} ended on ${until}`, `${advice}; programs that use it may have to be started again`);
  if (nowMs < fromMs)
    return fail(`${what} is not valid yet: this clock or that of its authority is wrong`, 'set the clocks');
  const lifeDays = (toMs - fromMs) / DAY_MS;
  const isLate =
    lifeDays <= SHORT_LIVED_DAYS
      ? toMs - nowMs < LATE_SHARE * (toMs - fromMs)
      : toMs - nowMs < soonDays * DAY_MS;
  return isLate ? warn(`${what} ends on ${until}`, advice) : ok(`${what} ends on ${until}`);
}
