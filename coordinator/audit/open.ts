// From what the user names (a policy that ships, a file, a directory of them) to policies, read and linted together.
// All errors of all files are thrown at once.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Platforms } from '../../proto/platform.js';
import type { Issue } from '../inventory/inventory.js';
import { didYouMean, Issues, nearest, quote } from '../inventory/wording.js';
import { lint } from './lint.js';
import type { Policy } from './policy.js';
import { readPolicy } from './readpolicy.js';

export interface PolicyIo {
  /** Where relative paths start. */
  cwd: string;
  platforms: Platforms;
  nowMs: number;
  /** Whether rules without a test are worth a warning. */
  untested?: boolean;
}

export interface OpenedPolicies {
  policies: Policy[];
  warnings: Issue[];
}

const MOST_BYTES = 16 * 1024 * 1024;

/** Throws InputError with everything that is wrong. */
export function openPolicies(names: readonly string[], io: PolicyIo): OpenedPolicies {
  const [issues, warnings] = [new Issues(), new Issues()];
  const files = new Map(
    names.flatMap((name) => filesOf(name, io, issues)).map((file) => [resolve(io.cwd, file), file]),
  );
  const policies: Policy[] = [];
  const shipped = shippedPolicies();
  for (const [path, file] of files) {
    const bytes = readBytes(file, path, issues);
    const world = { issues, warnings, platforms: io.platforms, directory: dirname(path), shipped };
    const policy = bytes === null ? null : readPolicy(file, bytes, world);
    if (policy !== null) policies.push(policy);
  }
  // A file that could not be read may have held the rules that others speak of.
  if (policies.length < files.size) issues.throwIfAny();
  lint(policies, {
    issues,
    warnings,
    nowMs: io.nowMs,
    untested: io.untested ?? false,
    elsewhere: () => shippedIds(io),
  });
  issues.throwIfAny();
  return { policies, warnings: warnings.list('warning') };
}

/** Policies that come with netsweep: name to file. */
export function shippedPolicies(): ReadonlyMap<string, string> {
  const directory = shippedDirectory();
  return new Map(
    yamlFilesIn(directory).map((file) => [basename(file, '.yaml'), join(directory, file)] as const),
  );
}

/** Ids of the rules that ship; what may be wrong with them is told where they are used. */
function shippedIds({ platforms }: PolicyIo): string[] {
  const shipped = shippedPolicies();
  return [...shipped.values()].flatMap((file) => {
    const [issues, warnings] = [new Issues(), new Issues()];
    const world = { issues, warnings, platforms, directory: dirname(file), shipped };
    return readPolicy(file, readFileSync(file), world)?.ids.map(({ id }) => id) ?? [];
  });
}

function filesOf(name: string, { cwd }: PolicyIo, issues: Issues): string[] {
  const path = resolve(cwd, name);
  const isPath = /[/\\]|\.ya?ml$/.test(name);
  if (!isPath) {
    const shipped = shippedPolicies();
    const file = shipped.get(name);
    if (file !== undefined) return [file];
    if (!existsSync(path)) {
      const known = [...shipped.keys()];
      issues.reportAt(
        null,
        `no policy is called ${quote(name)} (expected a file, or one that netsweep audit list shows${didYouMean(nearest(name, known))})`,
      );
      return [];
    }
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [name];
  const files = yamlFilesIn(path).map((file) => join(name, file));
  if (files.length === 0)
    issues.reportAt({ file: name, line: 1, column: 1 }, 'no policy in this directory (expected *.yaml)');
  return files;
}

function readBytes(file: string, path: string, issues: Issues): Buffer | null {
  const refuse = (message: string) => {
    issues.reportAt({ file, line: 1, column: 1 }, message);
    return null;
  };
  try {
    if (statSync(path).size > MOST_BYTES)
      return refuse(`too large (expected at most ${MOST_BYTES / 1024 / 1024} MB)`);
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return refuse('cannot be read (no such file or directory)');
    return refuse(`cannot be read (${code === 'EACCES' ? 'permission denied' : String(error)})`);
  }
}

function yamlFilesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((file) => /\.ya?ml$/.test(file) && !file.startsWith('.'))
      .sort();
  } catch {
    return [];
  }
}

/** `coordinator/policies` lies beside this file in the sources and beside `dist` once built. */
function shippedDirectory(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const candidate = join(directory, 'coordinator', 'policies');
    if (yamlFilesIn(candidate).length > 0 || directory === dirname(directory)) return candidate;
  }
}
