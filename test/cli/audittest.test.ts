import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { endOf } from '../../coordinator/cli/end.ts';
import { buildProgram } from '../../coordinator/cli/program.ts';
import { EXAMPLE } from '../audit/policies.ts';

const directory = mkdtempSync(join(tmpdir(), 'netsweep-audittest-'));
const policy = join(directory, 'campus.yaml');
const wrong = join(directory, 'wrong.yaml');
const output = join(directory, 'r1.txt');
writeFileSync(policy, EXAMPLE);
writeFileSync(wrong, EXAMPLE.replace('expect: fail', 'expect: pass'));
writeFileSync(output, 'line vty 0 4\r\n login\r\n');

/** What `netsweep audit WORDS...` ends with, and what it says. */
async function audit(...words: string[]): Promise<{ code: number; said: string }> {
  let said = '';
  const catching = vi.spyOn(process.stdout, 'write').mockImplementation((text, ...rest) => {
    said += text;
    rest.find((argument) => typeof argument === 'function')?.();
    return true;
  });
  const silent = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const stop = new AbortController().signal;
  let code = 0;
  try {
    const edge = { stop, done: (ended: number) => (code = ended) };
    await buildProgram(edge).parseAsync(['node', 'netsweep', 'audit', ...words]);
  } catch (error) {
    const end = endOf(error, stop);
    code = end.code;
    said += end.message;
  } finally {
    catching.mockRestore();
    silent.mockRestore();
  }
  return { code, said };
}

const on = ['test', policy, '--device', 'platform=ios', '--output', `show running-config=${output}`];

test.each<[string[], number, string]>([
  [['check', policy], 0, 'campus-baseline: 5 rules, 1 waiver, 1 test'],
  [['check', join(directory, 'none.yaml')], 2, 'cannot be read (no such file or directory)'],
  [['check', 'cisco-ios-baselin'], 2, 'did you mean cisco-ios-baseline?'],
  [['test', policy], 0, '1 test, 0 wrong'],
  [['test', wrong], 1, 'VTY-1 gives fail (expected pass)'],
  [on, 3, 'VTY-1: fail'],
  [[...on, '--expect', 'VTY-1=fail'], 0, 'in "line vty 0 4"'],
  [[...on, '--expect', 'VTY-1=pass'], 1, 'VTY-1: fail (expected pass)'],
  [[...on, '--expect', 'VTY-2=pass'], 2, 'did you mean VTY-1?'],
  [['test', policy, '--device', 'platform=ios'], 2, 'go with --output'],
  [['run', '-i', output], 2, 'no policy (expected -p POLICY'],
])('audit %j ends with %i and says so', async (words, code, said) => {
  const result = await audit(...words);
  expect(result.said).toContain(said);
  expect(result.code).toBe(code);
});
