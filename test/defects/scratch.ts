// A copy of the checkout to break: its sources as they are now, committed or not, a dist of its own, and everything
// else by symbolic link.
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { output, root, run } from '../process.ts';
import type { Defect } from './defect.ts';
import { pattern } from './lists.ts';

const TEST_MS = 400_000;

/** How a named test ended; `words` says more for people. */
export interface Verdict {
  verdict: 'passed' | 'failed' | 'unusable';
  words: string;
}

interface Report {
  testResults: {
    message: string;
    assertionResults: { status: string; failureMessages: string[] }[];
  }[];
}

export class Scratch implements AsyncDisposable {
  private constructor(private readonly folder: string) {}

  static async open(): Promise<Scratch> {
    const folder = await mkdtemp(join(tmpdir(), 'netsweep-defects-'));
    const listed = await output('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root });
    for (const file of listed.split('\0').filter((name) => name !== '' && name !== 'node_modules')) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      copyFileSync(join(root, file), join(folder, file));
    }
    await cp(join(root, 'proto/gen'), join(folder, 'proto/gen'), { recursive: true });
    for (const name of ['node_modules', '.cache']) symlinkSync(join(root, name), join(folder, name));
    return new Scratch(folder);
  }

  /** Runs the defect's test with the defect, or without; what is changed is put back. */
  async try({ file, find, replace, test }: Defect, broken: boolean): Promise<Verdict> {
    const path = join(this.folder, file);
    const sound = readFileSync(path, 'utf8');
    if (broken)
      writeFileSync(
        path,
        sound.replace(find, () => replace),
      );
    try {
      const built = await this.#build(file);
      return built === null ? await this.#test(test) : { verdict: 'unusable', words: built };
    } finally {
      writeFileSync(path, sound);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What the compiler says against it; null: nothing. */
  async #build(changed: string): Promise<string | null> {
    const steps = [['tsc', '-p', 'tsconfig.json']];
    if (changed.endsWith('.proto')) steps.unshift(['buf', 'generate']);
    for (const [program = '', ...args] of steps) {
      const command = join(this.folder, 'node_modules/.bin', program);
      const built = await run(command, args, { cwd: this.folder, timeoutMs: 120_000 });
      if (built.status !== 0) return `it does not build: ${built.stdout}${built.stderr}`;
    }
    return null;
  }

  async #test({ file, title }: Defect['test']): Promise<Verdict> {
    const report = join(this.folder, 'report.json');
    await rm(report, { force: true });
    const words = ['run', file, '-t', pattern(title), '--reporter=json', `--outputFile=${report}`];
    const vitest = join(this.folder, 'node_modules/vitest/vitest.mjs');
    const finished = await run(process.execPath, [vitest, ...words], {
      cwd: this.folder,
      env: environment(),
      timeoutMs: TEST_MS,
    });
    try {
      return judge(JSON.parse(readFileSync(report, 'utf8')) as Report); // vitest's own
    } catch {
      return { verdict: 'unusable', words: `no report: ${finished.stdout}${finished.stderr}` };
    }
  }
}

function judge({ testResults }: Report): Verdict {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.find(({ status }) => status === 'failed');
  const [because = ''] = failed?.failureMessages ?? [];
  const [first = ''] = because.split('\n');
  if (/^(SyntaxError|ReferenceError)/.test(first)) return { verdict: 'unusable', words: first };
  if (failed !== undefined) return { verdict: 'failed', words: first };
  if (tests.some(({ status }) => status === 'passed')) return { verdict: 'passed', words: '' };
  const message = testResults.map((file) => file.message).join('\n');
  return { verdict: 'unusable', words: `no test ran. ${message}` };
}

/** A run of tests tells those it starts that it is there; this one is to know nothing of it. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|TEST$|NODE_ENV$|DEFECTS$)/.test(name),
  );
  return Object.fromEntries(own);
}
