// What an agent carries out: grants of a real coordinator, as they are and as somebody may have changed them.
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Trust, Unsigned } from '../../agent/trust.js';
import { signerOf } from '../../coordinator/signing.js';
import { messageOf } from '../../coordinator/sweep/forming.js';
import { type Grant, LeaseTerms, Shard } from '../../proto/gen/netsweep/v1/agent.js';
import { HostKeyPolicy, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { signedBytes } from '../../proto/terms.js';
import { device, Intake, type TestAgent } from '../intake/intake.js';

const CLAIM = 'claim';

/** An offer as it lies in NATS, and what the coordinator grants of it. */
interface Granted {
  shard: Shard;
  grant: Grant;
}

function offered(intake: Intake, changes: Partial<Shard> = {}): Shard {
  const open = intake.books.ledger.shards()[Symbol.iterator]().next().value;
  if (open === undefined) throw new Error('nothing is offered');
  return { ...messageOf(intake.store.id, open), ...changes };
}

async function granted(intake: Intake, agent: TestAgent, claimId = CLAIM): Promise<Granted> {
  const shard = offered(intake);
  const { answer } = await agent.claim(1, 1, claimId);
  if (answer?.$case !== 'grant') throw new Error('no grant');
  return { shard, grant: answer.value };
}

function trustOf(intake: Intake, pinned: Uint8Array | null = null, instance = 'a-9'): Trust {
  const trust = new Trust(pinned, ['s'], instance, () => undefined);
  trust.welcomed({ storeId: intake.store.id, signingKey: intake.signer.publicKey });
  return trust;
}

/** The devices that would be worked on, or why none are. */
function verdict(trust: Trust, { shard, grant }: Granted, claimId = CLAIM): string[] | string {
  const bytes = Shard.encode(shard).finish();
  const offer = { shard, bytes, working: () => {}, done: async () => {}, later: () => {} };
  const lot = trust.lotOf(grant, offer, claimId);
  return lot instanceof Unsigned
    ? lot.message
    : lot.work.map(({ index }) => lot.devices.get(index)?.name ?? '');
}

async function open(): Promise<Intake & AsyncDisposable> {
  return Intake.open([device(0), device(1, { host: '10.0.0.2', jump: [] })]);
}

const verifies = { verifies: true };

test('what the coordinator has signed is carried out, again after a repeated claim and after its restart', async () => {
  await using intake = await open();
  const agent = await intake.join('a', 'a-9', verifies);
  const first = await granted(intake, agent);
  expect(first.grant.work).toEqual([]); // the work that counts stands in what is signed
  expect(verdict(trustOf(intake), first)).toEqual(['R0', 'R1']);
  expect(verdict(trustOf(intake), await granted(intake, agent))).toEqual(['R0', 'R1']);
  await intake.restart();
  const again = await intake.join('a', 'a-9', verifies);
  expect(verdict(trustOf(intake, intake.signer.publicKey), await granted(intake, again))).toEqual([
    'R0',
    'R1',
  ]);
  agent.leave();
  again.leave();
});

test('of a shard only what is granted counts: devices that others hold may be anything', async () => {
  await using intake = await open();
  const agent = await intake.join('a', 'a-9', verifies);
  const { shard, grant } = await granted(intake, agent);
  const extra = { ...shard, devices: [...shard.devices, device(7)] };
  expect(verdict(trustOf(intake), { shard: extra, grant })).toEqual(['R0', 'R1']);
  agent.leave();
});

describe('nothing is carried out', () => {
  const other = signerOf(generateKeyPairSync('ed25519').privateKey);
  const resigned = (grant: Grant, change: Partial<LeaseTerms>, signer = other): Grant => {
    const terms = Buffer.from(LeaseTerms.encode({ ...LeaseTerms.decode(grant.terms), ...change }).finish());
    return { ...grant, terms, signature: signer.sign(signedBytes(terms)) };
  };
  const first = ({ shard }: Granted) => shard.devices[0] ?? device(0);
  const withDevice = (from: Granted, change: Partial<Shard['devices'][number]>): Granted => ({
    ...from,
    shard: { ...from.shard, devices: [{ ...first(from), ...change }, ...from.shard.devices.slice(1)] },
  });
  const withOptions = (from: Granted, change: Partial<SweepOptions>): Granted => ({
    ...from,
    shard: { ...from.shard, options: { ...SweepOptions.create(from.shard.options), ...change } },
  });
  const lies: Record<string, (granted: Granted) => Granted> = {
    'without a signature': (from) => ({ ...from, grant: { ...from.grant, signature: Buffer.alloc(0) } }),
    'without terms': (from) => ({ ...from, grant: { ...from.grant, terms: Buffer.alloc(0) } }),
    'by another key': (from) => ({ ...from, grant: resigned(from.grant, {}) }),
    'with terms that were changed': ({ shard, grant }) => ({
      shard,
      grant: { ...grant, terms: resigned(grant, { termMs: 1 }).terms },
    }),
    'with another epoch': ({ shard, grant }) => ({ shard, grant: { ...grant, epoch: 'old' } }),
    'with a longer term': ({ shard, grant }) => ({ shard, grant: { ...grant, termMs: 1_000_000 } }),
    'of another shard': (from) => ({ ...from, shard: { ...from.shard, shard: 2 } }),
    'of another offer': (from) => ({ ...from, shard: { ...from.shard, offer: 2 } }),
    'of another sweep': (from) => ({ ...from, shard: { ...from.shard, sweep: 'T' } }),
    'at another address': (from) => withDevice(from, { host: '10.0.0.99' }),
    'at another port': (from) => withDevice(from, { port: 23 }),
    'with another command': (from) => withDevice(from, { commands: ['reload'] }),
    'with one more command': (from) => withDevice(from, { commands: ['show version', 'reload'] }),
    'as another platform': (from) => withDevice(from, { platform: 'linux' }),
    'through another jump host': (from) =>
      withDevice(from, {
        jump: [{ host: '10.9.9.9', port: 22, credential: '', username: '', legacy: false }],
      }),
    'with old algorithms': (from) => withDevice(from, { legacy: true }),
    'with writes allowed': (from) => withOptions(from, { allowWrites: true }),
    'without host keys': (from) => withOptions(from, { hostKeys: HostKeyPolicy.OFF }),
    'with a platform of its own': (from) =>
      withOptions(from, { platforms: [{ name: 'cisco_ios', json: '{}' }] }),
    'without one of its devices': (from) => ({
      ...from,
      shard: { ...from.shard, devices: from.shard.devices.slice(1) },
    }),
    'with a device twice': (from) => ({
      ...from,
      shard: { ...from.shard, devices: [...from.shard.devices, { ...first(from), host: '10.0.0.99' }] },
    }),
  };
  test.each(Object.entries(lies))('of a lease %s', async (_name, lie) => {
    await using intake = await open();
    const agent = await intake.join('a', 'a-9', verifies);
    const answer = verdict(trustOf(intake), lie(await granted(intake, agent)));
    expect(answer).toEqual(expect.any(String));
    agent.leave();
  });

  test('by a grant of another claim, of another agent, or of another segment', async () => {
    await using intake = await open();
    const agent = await intake.join('a', 'a-9', verifies);
    const from = await granted(intake, agent);
    expect(verdict(trustOf(intake), from, 'later')).toBe('its grant was signed for another claim');
    expect(verdict(trustOf(intake, null, 'b-1'), from)).toBe('its grant was signed for another agent');
    const elsewhere = new Trust(null, ['t'], 'a-9', () => undefined);
    elsewhere.welcomed({ storeId: intake.store.id, signingKey: intake.signer.publicKey });
    expect(verdict(elsewhere, from)).toBe("segment s is not this agent's");
    agent.leave();
  });
});

describe('the key', () => {
  const [one, other] = [1, 2].map(() => signerOf(generateKeyPairSync('ed25519').privateKey).publicKey);
  const none = Buffer.alloc(0);
  const trust = (pinned: Uint8Array | null, said: string[] = []) =>
    new Trust(pinned, ['s'], 'a-9', (what) => said.push(what));

  test('of the enrolment is the only one that counts', () => {
    const pinned = trust(one ?? none);
    expect(pinned.welcomed({ storeId: 'A', signingKey: one ?? none })).toBeNull();
    expect(pinned.welcomed({ storeId: 'A', signingKey: other ?? none })).toMatch(/another key/);
    expect(pinned.welcomed({ storeId: 'A', signingKey: none })).toMatch(/signs nothing/);
  });

  test('of the first welcome is kept for its store', () => {
    const said: string[] = [];
    const first = trust(null, said);
    expect(first.welcomed({ storeId: 'A', signingKey: one ?? none })).toBeNull();
    expect(first.welcomed({ storeId: 'A', signingKey: other ?? none })).toMatch(/another key/);
    expect(first.welcomed({ storeId: 'B', signingKey: other ?? none })).toBeNull();
    expect(said).toEqual([]);
  });

  test('may be missing at a coordinator that is older, and that is said', () => {
    const said: string[] = [];
    const older = trust(null, said);
    expect(older.welcomed({ storeId: 'A', signingKey: none })).toBeNull();
    expect(older.welcomed({ storeId: 'A', signingKey: none })).toBeNull();
    expect(said).toHaveLength(1);
    expect(older.welcomed({ storeId: 'A', signingKey: one ?? none })).toBeNull();
  });
});

test('an agent that knows nothing of signatures is granted its work as before', async () => {
  await using intake = await open();
  const agent = await intake.join('a', 'a-9');
  const { grant } = await granted(intake, agent);
  expect(grant.work.map(({ index }) => index)).toEqual([0, 1]);
  expect(grant.signature).toHaveLength(0);
  agent.leave();
});
