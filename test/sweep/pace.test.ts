// What the ledger makes of rates and caps when it forms shards.
import { describe, expect, test } from 'vitest';
import { LEAD_MS } from '../../coordinator/sweep/loginpace.js';
import { isLocal, paceWords } from '../../coordinator/sweep/pace.js';
import { Purpose } from '../../proto/gen/netsweep/v1/model.js';
import { device, failing, granted, handedBack, ok, open, reopened, TERMS } from './opened.js';

const at = (site: string, count: number, from = 0, net = '10.0.0') =>
  Array.from({ length: count }, (_, index) => device(from + index, { site, host: `${net}.${from + index}` }));
const indexes = (shard: { devices: { device: { index: number } }[] } | null) =>
  shard?.devices.map(({ device: { index } }) => index) ?? [];

describe('a site', () => {
  test('has no more sessions than its cap; the others of it stay in line while other sites go', () => {
    const { form, claim, result } = open([...at('north', 6), ...at('south', 3, 6)], { siteSessions: 2 });
    const first = form(0);
    expect(indexes(first).sort()).toEqual([0, 1, 6, 7]);
    expect(form(0)).toBeNull();
    const { epoch } = granted(claim(1, 0));
    result(1, epoch, 0, ok, 10);
    expect(indexes(form(10))).toEqual([2]);
    expect(form(10)).toBeNull();
  });

  test('is one for all sweeps, each with a cap of its own', () => {
    const { ledger, sweep, form, writes } = open(at('north', 3), { siteSessions: 3 });
    const row = { ...sweep.row, id: 'S2', key: 'k2', options: { ...sweep.row.options, siteSessions: 4 } };
    const other = ledger.add(row, at('north', 3, 0, '10.1.1'), [], writes);
    expect(indexes(form(0))).toEqual([0, 1, 2]);
    expect(ledger.form(other, 's', 100, 0, writes)?.devices).toHaveLength(1);
    expect(ledger.form(other, 's', 100, 0, writes)).toBeNull();
  });

  test('counts the session of a lost lease until the lock delay is over', () => {
    const { ledger, form, claim, writes } = open([...at('north', 2)], { siteSessions: 1 });
    form(0);
    claim(1, 0);
    expect(form(TERMS.termMs)).toBeNull();
    ledger.lapse(TERMS.termMs, 0, writes);
    expect(form(TERMS.termMs)).toBeNull();
    expect(form(TERMS.termMs + TERMS.lockDelayMs - 1)).toBeNull();
    expect(form(TERMS.termMs + TERMS.lockDelayMs)?.devices).toHaveLength(1);
  });

  test('is free at once when a device was handed back untouched, and after the lock delay when it was touched', () => {
    for (const [touched, ms] of [
      [false, 0],
      [true, TERMS.lockDelayMs],
    ] as const) {
      const { form, claim, result } = open(at('north', 2), { siteSessions: 1 });
      form(0);
      const { epoch } = granted(claim(1, 0));
      result(1, epoch, 0, handedBack(touched), 100);
      if (touched) expect(form(100 + ms - 1)).toBeNull();
      expect(indexes(form(100 + ms))).toEqual([1]);
    }
  });

  test('is free while a device waits to be tried again', () => {
    const { form, claim, result } = open(at('north', 2), { siteSessions: 1 });
    form(0);
    result(1, granted(claim(1, 0)).epoch, 0, failing(), 10);
    expect(indexes(form(11))).toEqual([1]);
  });

  test('is as full as before after a restart', () => {
    const before = open(at('north', 3), { siteSessions: 2 });
    before.form(0, 1);
    granted(before.claim(1, 0));
    before.form(20); // offered, and never claimed
    const { ledger, sweep, writes } = reopened(before, 1_000);
    expect(ledger.form(sweep, 's', 100, 1_000, writes)?.devices).toHaveLength(1);
    expect(ledger.form(sweep, 's', 100, 1_000, writes)).toBeNull();
  });

  test('takes devices of one endpoint together where nobody else is, as they go in turn', () => {
    const place = { host: '10.9.9.9', site: 'north' };
    const devices = [device(0, place), device(1, place), device(2, place), device(3, { site: 'north' })];
    const { form } = open(devices, { siteSessions: 2 });
    expect(indexes(form(0))).toEqual([0, 1, 2]);
    expect(form(0)).toBeNull();
  });

  test('is also that of another name of an endpoint', () => {
    const twin = { host: '10.9.9.9' };
    const { form, claim, result } = open(
      [device(0, { site: 'north' }), device(1, twin), device(2, { ...twin, site: 'north' })],
      { siteSessions: 1 },
    );
    expect(indexes(form(0))).toEqual([0]);
    result(1, granted(claim(1, 0)).epoch, 0, ok, 10);
    expect(indexes(form(10))).toEqual([1, 2]);
  });

  test('has room again when offers are taken back or a sweep is halted', () => {
    const { ledger, sweep, form, writes } = open(at('north', 4), { siteSessions: 2 });
    form(0);
    ledger.withdraw(sweep, 's', writes);
    expect(form(0)?.devices).toHaveLength(2);
    const row = { ...sweep.row, id: 'S2', key: 'k2' };
    const other = ledger.add(row, at('north', 2, 0, '10.1.1'), [], writes);
    ledger.cancel(sweep, 'test', 0, writes);
    expect(ledger.form(other, 's', 100, 0, writes)?.devices).toHaveLength(2);
  });
});

test('a sweep says which limits hold its devices in line, and no more once they do not', () => {
  const domains = [...at('hq', 5), ...at('', 300, 5, '10.1.0')].map((one) => ({ ...one, domain: 'tacacs' }));
  const { form, sweep, ledger, writes } = open(domains, { siteSessions: 2, loginRate: 10, forks: 500 });
  const words = () => paceWords(sweep.held().keys(), sweep.row.options);
  expect(words()).toBe('');
  form(0, 500);
  expect(words()).toBe('paced at 10 logins per second in domain tacacs; site hq is full (2 sessions)');
  expect(paceWords(['domain\n', 'domain\nx', 'site\na', 'jump\nb'], sweep.row.options)).toBe(
    'paced at 10 logins per second in each of 2 domains; 2 sites and jump hosts are full (2 sessions)',
  );
  ledger.cancel(sweep, 'test', 0, writes);
  expect(words()).toBe('');
});

test('a bastion has no more sessions than the cap, whichever sites are behind it', () => {
  const jump = [{ host: 'b1', port: 22, credential: '', username: '', legacy: false }];
  const devices = [0, 1, 2].map((index) => device(index, { jump, site: `site ${index}` }));
  const { form } = open([...devices, device(3)], { siteSessions: 2 });
  expect(indexes(form(0)).sort()).toEqual([0, 1, 3]);
  expect(form(0)).toBeNull();
});

test('no cap holds where it is 0, and devices without a site have none', () => {
  expect(open(at('north', 90), { siteSessions: 0 }).form(0)?.devices).toHaveLength(90);
  expect(open(at('', 90), { siteSessions: 2 }).form(0)?.devices).toHaveLength(90);
});

describe('devices of a paced domain', () => {
  const many = Array.from({ length: 100 }, (_, index) => device(index));
  const lead = (10 * LEAD_MS) / 1_000;

  test('are handed out as many as the pace can use soon, and more as those log in', () => {
    const { ledger, form } = open(many, { loginRate: 10 });
    expect(form(0)?.devices).toHaveLength(lead);
    expect(form(0)).toBeNull();
    const paced = { domain: '', sweep: 'S1', rate: 10 };
    ledger.pace.logins.ask(paced, 0, () => undefined);
    ledger.pace.logins.pass(0);
    expect(form(1)?.devices).toHaveLength(1);
  });

  test('do not keep those of another domain, or of loopback addresses, back', () => {
    const others = [device(100, { domain: 'radius' }), device(101, { host: '127.0.0.9' })];
    const { form } = open([...many, ...others], { loginRate: 10 });
    const first = indexes(form(0));
    expect(first).toHaveLength(lead + 2);
    expect(first).toEqual(expect.arrayContaining([100, 101]));
  });

  test('are all handed out where no login comes of it', () => {
    expect(open(many, { loginRate: 10, purpose: Purpose.HOST_KEYS }).form(0)?.devices).toHaveLength(100);
    const { ledger, form } = open(many, { loginRate: 10 });
    ledger.pace.rehearses = true;
    expect(form(0)?.devices).toHaveLength(100);
  });
});

test('only what is on loopback all the way is local', () => {
  const hop = (host: string) => ({ host, port: 22, credential: '', username: '', legacy: false });
  const local = [
    '127.0.0.1',
    '127.9.8.7',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    'localhost',
    'LocalHost.',
  ];
  for (const host of local) expect(isLocal({ host, jump: [] }), host).toBe(true);
  for (const host of ['10.0.0.1', '128.0.0.1', '::2', 'fe80::1', 'localhost.example.net', '127.example.net'])
    expect(isLocal({ host, jump: [] }), host).toBe(false);
  expect(isLocal({ host: '127.0.0.1', jump: [hop('bastion')] })).toBe(false);
  expect(isLocal({ host: '127.0.0.1', jump: [hop('127.0.0.2')] })).toBe(true);
});
