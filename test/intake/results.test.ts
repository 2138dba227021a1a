// What the coordinator says to a result, and when: nothing is acknowledged that is not on disk, a digest is no proof
// of having the bytes, and what comes again or too late is told apart, counted, and changes nothing.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type Result, Verdict } from '../../proto/gen/netsweep/v1/agent.js';
import { Output, Proof, Status } from '../../proto/gen/netsweep/v1/model.js';
import { Attempt, Chunk } from '../../proto/gen/netsweep/v1/session.js';
import { type Body, device, Intake, type TestAgent } from './intake.js';

const TEXT = 'Cisco IOS Software\n';
const SHA256 = createHash('sha256').update(TEXT).digest();
const PIECE = Chunk.create({ sha256: SHA256, seq: 0, data: gzipSync(TEXT) });

function output(body = Buffer.alloc(0)): Output {
  return Output.create({
    command: 'show version',
    proof: Proof.COMPLETE,
    sha256: SHA256,
    bytes: TEXT.length,
    body,
  });
}

function results(
  epoch: string,
  index: number,
  outputs: Output[],
  chunks: Chunk[] = [],
  seq = 1,
  sweep = 'S',
): Body {
  const value = Attempt.create({ status: Status.OK, leftClean: true, outputs });
  const result: Result = {
    lease: 0,
    seq,
    sweep,
    shard: 1,
    epoch,
    index,
    end: { $case: 'attempt', value },
  };
  return { $case: 'results', value: { chunks, results: [result] } };
}

async function verdict(agent: TestAgent, said: Body): Promise<Verdict | undefined> {
  const answer = await agent.say(said);
  if (answer.$case !== 'acks') throw new Error(`expected acks, got ${answer.$case}`);
  return answer.value.acks[0]?.verdict;
}

const DEVICES = [device(0, { host: 'h0' }), device(1, { host: 'h1' }), device(2, { host: 'h2' })];

test('a digest alone is no output: its bytes have to come on the same stream', async () => {
  await using intake = await Intake.open(DEVICES);
  const { agent } = intake;
  const { epoch } = await agent.granted();
  expect(await verdict(agent, results(epoch, 0, [output()]))).toBe(Verdict.NEED_BODY);
  expect(await verdict(agent, results(epoch, 0, [output(gzipSync(TEXT))]))).toBe(Verdict.STORED);
  // The store has it now, which is no reason to believe that this device printed it.
  expect(await verdict(agent, results(epoch, 1, [output()]))).toBe(Verdict.NEED_BODY);
  expect(await verdict(agent, results(epoch, 1, [output()], [PIECE]))).toBe(Verdict.STORED);
  const again = await intake.join('b');
  expect(await verdict(again, results(epoch, 2, [output()]))).toBe(Verdict.NEED_BODY);
  again.leave();
});

test('a repeat is acknowledged only when what it repeats is on disk', async () => {
  await using intake = await Intake.open(DEVICES);
  const { agent, books } = intake;
  const { epoch } = await agent.granted();
  intake.disk.slow = true;
  const body = gzipSync(TEXT);
  for (const seq of [1, 2]) {
    agent.tell(results(epoch, 0, [output(body)], [], seq));
    // A question that needs no disk is answered after it was heard.
    expect(await agent.renew(epoch)).toBe(true);
  }
  expect(intake.disk.waiting).toHaveLength(2);
  expect(agent.heard).toEqual([]);
  intake.disk.recover();
  expect(await agent.next()).toMatchObject({ value: { acks: [{ seq: 1, verdict: Verdict.STORED }] } });
  const second = agent.heard[0] ?? (await agent.next());
  expect(second).toMatchObject({
    value: { acks: [{ seq: 2, verdict: Verdict.DUPLICATE }], commit: books.lastCommit },
  });
});

test('what comes again is a repeat whatever its epoch, also after a restart; what comes too late is refused', async () => {
  await using intake = await Intake.open(DEVICES);
  const { epoch } = await intake.agent.granted();
  const body = gzipSync(TEXT);
  expect(await verdict(intake.agent, results(epoch, 0, [output(body)]))).toBe(Verdict.STORED);
  expect(await verdict(intake.agent, results(epoch, 0, [output(body)]))).toBe(Verdict.DUPLICATE);
  await intake.restart();
  expect(await verdict(intake.agent, results(epoch, 0, [output(body)]))).toBe(Verdict.DUPLICATE);
  expect(await verdict(intake.agent, results('old', 1, [output(body)]))).toBe(Verdict.DISCARD);
  expect(intake.warnings).toEqual([`a result of a for S/1 is refused: its epoch is old, now it is ${epoch}`]);
  for (const index of [1, 2])
    expect(await verdict(intake.agent, results(epoch, index, [output(body)]))).toBe(Verdict.STORED);
  expect(intake.books.ledger.sweeps.size).toBe(0);
  const counted = async () => {
    const [row] = await intake.store.sweeps(1);
    return [row?.repeatedResults, row?.refusedResults];
  };
  expect(await counted(), 'the one before the restart as well').toEqual([2, 1]);
  expect(await verdict(intake.agent, results(epoch, 2, [output(body)]))).toBe(Verdict.DUPLICATE);
  expect(await verdict(intake.agent, results('old', 2, [output(body)]))).toBe(Verdict.DISCARD);
  expect(await counted()).toEqual([3, 2]);
});

test('an output that was offered with the lease is taken by its digest, as what this session says of it', async () => {
  await using intake = await Intake.open(DEVICES);
  const first = await intake.agent.granted();
  expect(first.work.map(({ known }) => known)).toEqual([[], [], []]);
  expect(await verdict(intake.agent, results(first.epoch, 0, [output(gzipSync(TEXT))]))).toBe(Verdict.STORED);
  const other = createHash('sha256').update('other').digest();
  for (const index of [1, 2]) {
    const outputs = [{ ...output(gzipSync('other')), sha256: other }];
    expect(await verdict(intake.agent, results(first.epoch, index, outputs))).toBe(Verdict.STORED);
  }
  await intake.sweepAgain('T', DEVICES);
  const { epoch, work } = await intake.agent.granted(1, 'T');
  expect(work.map(({ known }) => known)).toEqual(
    [SHA256, other, other].map((sha256) => [{ command: 'show version', sha256, bytes: TEXT.length }]),
  );
  const named = (index: number, proof: Proof) => results(epoch, index, [{ ...output(), proof }], [], 1, 'T');
  expect(await verdict(intake.agent, named(1, Proof.COMPLETE)), 'offered to another device').toBe(
    Verdict.NEED_BODY,
  );
  const before = results(first.epoch, 0, [output()], [], 1, 'T');
  expect(await verdict(intake.agent, before), 'offered in another lease').toBe(Verdict.NEED_BODY);
  using _following = intake.store.follow('T');
  expect(await verdict(intake.agent, named(0, Proof.SUSPECT))).toBe(Verdict.STORED);
  const [report] = await intake.store.reportsByIndex('T', -1, 9, true);
  expect(report?.outputs).toMatchObject([{ proof: Proof.SUSPECT, sha256: SHA256, body: gzipSync(TEXT) }]);
  const [followed] = await intake.store.reportsAfter('T', 0, 9, true);
  expect(followed?.report.outputs, 'who follows the sweep gets its bytes along').toMatchObject([
    { body: gzipSync(TEXT) },
  ]);
});

test('an offered output whose bytes are gone, or whose offer a restart has forgotten, is asked for', async () => {
  await using intake = await Intake.open(DEVICES);
  const first = await intake.agent.granted();
  for (const index of [0, 1, 2])
    expect(await verdict(intake.agent, results(first.epoch, index, [output(gzipSync(TEXT))]))).toBe(
      Verdict.STORED,
    );
  await intake.sweepAgain('T', DEVICES);
  const { epoch } = await intake.agent.granted(1, 'T');
  intake.gone.add(SHA256.toString('hex'));
  expect(await verdict(intake.agent, results(epoch, 0, [output()], [], 1, 'T'))).toBe(Verdict.NEED_BODY);
  intake.gone.clear();
  expect(await verdict(intake.agent, results(epoch, 0, [output()], [], 1, 'T'))).toBe(Verdict.STORED);
  await intake.restart();
  expect(await verdict(intake.agent, results(epoch, 1, [output()], [], 1, 'T'))).toBe(Verdict.NEED_BODY);
  expect(await verdict(intake.agent, results(epoch, 1, [output()], [PIECE], 1, 'T'))).toBe(Verdict.STORED);
});

test('an offered output may be named by its place, and is asked for where nothing was offered there', async () => {
  await using intake = await Intake.open(DEVICES);
  const first = await intake.agent.granted();
  for (const index of [0, 1, 2])
    expect(await verdict(intake.agent, results(first.epoch, index, [output(gzipSync(TEXT))]))).toBe(
      Verdict.STORED,
    );
  await intake.sweepAgain('T', DEVICES);
  const claimId = 'the same';
  const { answer } = await intake.agent.claim(1, 1, claimId, 'T');
  const again = await intake.agent.claim(1, 1, claimId, 'T');
  expect(again.answer, 'a claim that is repeated is offered the same').toEqual(answer);
  const epoch = answer?.$case === 'grant' ? answer.value.epoch : '';
  const placed = (known: number) => [Output.create({ known, proof: Proof.COMPLETE })];
  const one = (index: number, known: number, seq: number) => {
    const body = results(epoch, index, placed(known), [], seq, 'T');
    return body.$case === 'results' ? body.value.results : [];
  };
  // The second says by its number where it belongs.
  const nowhere = { sweep: '', shard: 0, epoch: '', lease: 7 };
  const batch = [
    ...one(0, 1, 1).map((same) => ({ ...same, lease: 7 })),
    ...one(1, 1, 2).map((same) => ({ ...same, ...nowhere })),
  ];
  const answered = await intake.agent.say({ $case: 'results', value: { chunks: [], results: batch } });
  expect(answered).toMatchObject({
    value: { acks: [1, 2].map((seq) => ({ seq, verdict: Verdict.STORED })) },
  });
  expect(await verdict(intake.agent, results(epoch, 2, placed(2), [], 3, 'T'))).toBe(Verdict.NEED_BODY);
  await intake.restart();
  expect(await verdict(intake.agent, results(epoch, 2, placed(1), [], 3, 'T'))).toBe(Verdict.NEED_BODY);
  const reports = await intake.store.reportsByIndex('T', -1, 9, true);
  expect(reports.map(({ outputs }) => outputs)).toMatchObject(
    [0, 1].map(() => [
      {
        command: 'show version',
        encoding: 'utf-8',
        bytes: TEXT.length,
        sha256: SHA256,
        body: gzipSync(TEXT),
        known: 0,
      },
    ]),
  );
});
