// A policy's own tests: each text is judged as if a device had printed it.
import type { Platforms } from '../../proto/platform.js';
import { startOfDay } from './date.js';
import { commandFor, Judge, type JudgedDevice, type Judgement, type RowsOf } from './judge.js';
import { Majorities, majorityOf } from './majority.js';
import type { Policy, Rule, RuleTest } from './policy.js';
import type { VerdictStatus } from './verdict.js';

export interface Tested {
  test: RuleTest;
  rule: Rule;
  status: VerdictStatus;
  evidence: Judgement['evidence'];
  ok: boolean;
}

export interface TestWorld {
  platforms: Platforms;
  rowsOf: RowsOf;
}

/** In the order of the file; tests of rules that are not there were refused when it was read. */
export function runTests({ rules, tests, devices }: Policy, world: TestWorld): Tested[] {
  return tests.flatMap((test) => {
    const rule = rules.find(({ id }) => id === test.rule);
    if (rule === undefined) return [];
    const platform = test.platform ?? rule.devices.platforms[0] ?? devices.platforms[0] ?? '';
    const { status, evidence } = judgeTest(rule, test, platform, world);
    return [{ test, rule, status, evidence, ok: status === test.expect }];
  });
}

function judgeTest(rule: Rule, test: RuleTest, platform: string, world: TestWorld): Judgement {
  const judgement = judgeText(rule, test.text, { test, platform }, world);
  if (judgement.sighting === null) return judgement;
  const majorities = new Majorities<null>();
  const texts = [test.text, ...test.others];
  for (const [device, text] of texts.entries()) {
    const digest = judgeText(rule, text, { test, platform }, world).sighting ?? '';
    majorities.add({ rule: 0, device, platform, digest, output: null });
  }
  const [group] = majorities.groups();
  const majority = group === undefined ? '' : majorityOf(group);
  if (typeof majority === 'string') {
    const said = { command: null, line: null, expected: '', found: '', message: majority };
    return { ...judgement, status: 'error', evidence: [said] };
  }
  return { ...judgement, status: majority.digest === judgement.sighting ? 'pass' : 'fail' };
}

function judgeText(
  rule: Rule,
  text: string,
  { test, platform }: { test: RuleTest; platform: string },
  { platforms, rowsOf }: TestWorld,
): Judgement {
  const command = commandFor(rule, platform) ?? '';
  const changedAtMs = test.changed === null ? null : startOfDay(test.changed);
  const device: JudgedDevice = {
    platform: platforms.get(platform) ?? null,
    fields: { name: 'device', platform, ...test.fields },
    outputs: [{ command, proof: 'complete', text, unreadable: null, changedAtMs }],
    failure: null,
  };
  return new Judge(device, rowsOf).judge(rule);
}
