// The report as one page: whole by itself, harmless whatever it shows, small for a large fleet.
import { expect, test } from 'vitest';
import { htmlReport } from '../../coordinator/report/html/page.ts';
import { NO_PAST } from '../../coordinator/report/past.ts';
import { TODAY } from '../audit/policies.ts';
import { HOSTILE, settledAudit, whole } from './settled.ts';

test('a page shows findings, errors, unknowns and waivers apart, with evidence, remedy and a score for each segment', async () => {
  const page = await whole(
    htmlReport(
      settledAudit([
        { device: 'R1', segment: 'dc1', statuses: { 'TELNET-1': 'fail', 'NTP-1': 'pass' } },
        { device: 'R2', segment: 'dc1', statuses: { 'TELNET-1': 'fail', 'NTP-1': 'error' } },
        { device: 'R3', segment: 'dc2', statuses: { 'TELNET-1': 'waived', 'NTP-1': 'pass' } },
        { device: 'R4', segment: 'dc2', statuses: { 'TELNET-1': 'unknown' } },
      ]),
      NO_PAST,
    ),
  );
  const text = page
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
  expect(text).toContain('TELNET-1: no telnet critical , 2 devices Remedy no telnet Reference: RFC 1149');
  expect(text).toContain('R[1-2] (2) show running-config, line 3: found telnet on, expected no such line');
  const order = ['Findings', 'Could not be evaluated (1)', 'Unknown (1)', 'Waived (1)', 'Rules'];
  const places = order.map((heading) => page.indexOf(`>${heading}</h2>`));
  expect(places.every((place) => place > 0)).toBe(true);
  expect(places).toEqual([...places].sort((one, other) => one - other));
  expect(text).toContain('by netops until 2027-01-31: CHG0412');
  // 2 of 24 by weight; and all that was judged.
  expect(text).toMatch(/dc1 2 8 2 0 0 0 1 0/);
  expect(text).toMatch(/dc2 2 100 0 0 0 0 0 1/);
});

test('nothing that devices or policies say becomes part of the page, and nothing is fetched', async () => {
  const page = await whole(
    htmlReport(
      settledAudit([
        {
          device: `R1${HOSTILE}`,
          segment: HOSTILE,
          statuses: { 'TEXT-1': 'fail', 'NTP-1': 'error', 'TELNET-1': 'waived' },
          evidence: [{ command: HOSTILE, expected: HOSTILE, found: `\u202e${HOSTILE}`, message: HOSTILE }],
        },
        { device: 'R2', statuses: { 'TELNET-1': 'fail' } },
      ]),
      NO_PAST,
    ),
  );
  const tags = new Set(Array.from(page.matchAll(/<([a-z0-9]+)/g), ([, tag]) => tag));
  for (const tag of ['script', 'img', 'link', 'iframe', 'object', 'b><img']) expect(tags).not.toContain(tag);
  expect(page).not.toMatch(/[\u0000-\u0008\u001b\u202e]/);
  const places = Array.from(
    page.matchAll(/<[^>]*\s(?:src|href|action|style|on\w+)="([^"]*)"/g),
    ([, to]) => to,
  );
  expect(places.filter((to) => !to?.startsWith('#'))).toEqual(['https://example.net/hardening#telnet']);
  expect(page).not.toMatch(/@import|url\(/);
});

test('what is new and what is fixed since last time is told, with the score over time', async () => {
  const settled = settledAudit([
    { device: 'R1', statuses: { 'TELNET-1': 'fail' } },
    { device: 'R2', statuses: { 'TELNET-1': 'fail', 'NTP-1': 'pass' } },
  ]);
  const day = 86_400_000;
  const page = await whole(
    htmlReport(settled, {
      score: 9,
      trend: [
        { atMs: TODAY - 2 * day, score: 40, findings: 3 },
        { atMs: TODAY - day, score: 50, findings: 2 },
      ],
      change: {
        atMs: TODAY - day,
        fresh: [{ policy: 'lab', rule: 'TELNET-1', device: 'R2', firstSeenMs: TODAY }],
        open: 1,
        oldestMs: TODAY - day,
        fixed: [{ policy: 'lab', rule: 'NTP-1', device: 'R2', firstSeenMs: TODAY - 2 * day }],
      },
    }),
  );
  expect(page).toContain('1 new finding, 1 fixed, 1 still open since the audit of 2026-11-22 12:00 UTC.');
  expect(page).toContain('<span class="new">1 new</span>');
  expect(page).toContain('2026-11-21 12:00: 40, 2026-11-22 12:00: 50, 2026-11-23 12:00: 9');
});

test('10,000 devices with findings of their own are a page of less than a megabyte', async () => {
  const settled = settledAudit(
    Array.from({ length: 10_000 }, (_, at) => ({
      device: `sw${at}.site${at % 97}`,
      segment: `dc${at % 4}`,
      statuses: { 'TELNET-1': 'fail', 'NTP-1': 'fail', 'TEXT-1': at % 3 === 0 ? 'fail' : 'pass' } as const,
      evidence: [{ found: `value ${at}`, line: at }],
    })),
  );
  expect((await whole(htmlReport(settled, NO_PAST))).length).toBeLessThan(1_000_000);
});
