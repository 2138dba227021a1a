import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CONFIG_KEYS, RUN } from '../../coordinator/cli/settings.ts';
import { readCount, readDuration, readSize } from '../../coordinator/cli/values.ts';
import { type Given, parseConfigFile, readConfigFile, settle } from '../../coordinator/config.ts';

function settled({
  given = {},
  environment = {},
  yaml = '',
}: {
  given?: Given;
  environment?: NodeJS.ProcessEnv;
  yaml?: string;
}) {
  return settle(RUN, { given, environment, file: parseConfigFile('netsweep.yaml', yaml, CONFIG_KEYS) });
}

describe('a setting', () => {
  test('comes from the flag before the environment before the file before the default', () => {
    const given = { forks: ['1'] };
    const environment = { NETSWEEP_FORKS: '2', NETSWEEP_RETRIES: '3' };
    const yaml = 'forks: 4\nretries: 5\nconnect-timeout: 6s\n';
    const { values, sources } = settled({ given, environment, yaml });
    expect(values).toMatchObject({ forks: 1, retries: 3, connectTimeout: 6000, loginTimeout: 30_000 });
    expect(sources).toMatchObject({
      forks: 'flag',
      retries: 'environment',
      connectTimeout: 'file',
      loginTimeout: 'default',
    });
  });

  test('that is a list has commas in the environment and a sequence in the file', () => {
    expect(settled({ environment: { NETSWEEP_INVENTORY: 'a.yaml,b.csv' } }).values.inventory).toEqual([
      'a.yaml',
      'b.csv',
    ]);
    expect(settled({ yaml: 'inventory: [a.yaml, b.csv]' }).values.inventory).toEqual(['a.yaml', 'b.csv']);
  });

  test('that belongs to one call is not taken from elsewhere', () => {
    expect(
      settled({ environment: { NETSWEEP_ALLOW_WRITES: 'true', NETSWEEP_LIMIT: 'R1' } }).values,
    ).toMatchObject({
      allowWrites: false,
      limit: null,
    });
    expect(() => settled({ yaml: 'allow-writes: true' })).toThrow('unknown key "allow-writes"');
  });

  test('that is a switch can also be switched off', () => {
    expect(settled({ environment: { NETSWEEP_QUIET: '0' } }).values.quiet).toBe(false);
    expect(settled({ yaml: 'quiet: yes' }).values.quiet).toBe(true);
  });
});

describe('netsweep.yaml', () => {
  test.each([
    ['forks: 0', 'netsweep.yaml:1:1: forks: found "0", expected a whole number'],
    ['\nfroks: 3', 'netsweep.yaml:2:1: unknown key "froks" (did you mean "forks"?)'],
    ['forks: {a: 1}', 'netsweep.yaml:1:1: forks: expected a value'],
    ['- forks', 'expected `key: value` lines'],
    ['forks: 1\nforks: 2', 'netsweep.yaml:2:1: this key stands here for the second time'],
    ['forks: [1\n', 'netsweep.yaml:2:1: a bracket is still open here (expected a closing ])'],
    ['inventory: "a\n', 'a quote is still open here (expected a closing ")'],
  ])('%j is refused with its place', (yaml, message) => expect(() => settled({ yaml })).toThrow(message));

  test('may be empty, and may hold what only an agent reads', () => {
    expect(settled({ yaml: '# nothing' }).values.forks).toBeNull();
    expect(settled({ yaml: 'segment: dc1\nnats: [nats://a]\n' }).values.forks).toBeNull();
  });

  test('is refused where everybody may write', () => {
    const directory = mkdtempSync(join(tmpdir(), 'netsweep-config-'));
    const file = join(directory, 'netsweep.yaml');
    writeFileSync(file, 'forks: 3\n');
    expect(readConfigFile(file, CONFIG_KEYS).get('forks')?.texts).toEqual(['3']);
    chmodSync(directory, 0o777);
    expect(() => readConfigFile(file, CONFIG_KEYS)).toThrow('everybody may write');
  });
});

describe('values', () => {
  test.each([
    ['10', 10_000],
    ['10s', 10_000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s is a duration', (text, ms) => expect(readDuration(text)).toBe(ms));

  test.each(['', 's', '10 s', '-1', '1e3', '10S', '5min', '0ms', '25h', 'NaN'])('%j is no duration', (text) =>
    expect(() => readDuration(text)).toThrow(),
  );

  test.each([
    ['1', 1],
    ['512kB', 512_000],
    ['256MB', 256_000_000],
    ['1GiB', 1_073_741_824],
    ['1.5k', 1500],
  ])('%s is a size', (text, bytes) => expect(readSize(text)).toBe(bytes));

  test.each(['', '0', 'MB', '-1MB', '1XB', '9999999TB'])('%j is no size', (text) =>
    expect(() => readSize(text)).toThrow(),
  );

  test.each(['', ' ', '0x10', '1e2', '+1', '11', '０'])('%j is no number from 0 to 10', (text) =>
    expect(() => readCount(text, 0, 10)).toThrow(),
  );
});
