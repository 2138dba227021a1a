// What manifests, units, scripts and documents say of our programs is true of them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../process.ts';
import { commandLines, VARIABLES, wrongIn } from './words.ts';

const files = [
  ...readdirSync(join(root, 'deploy'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(yaml|yml|sh|md|service|timer|conf|Containerfile|env)$/.test(name))
    .map((name) => `deploy/${name}`),
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync(root).filter((name) => /^[A-Z]+\.md$/.test(name)),
];

test('every command line of our programs in deploy/ and in the documents is one of theirs', () => {
  const wrong = files.flatMap((file) =>
    commandLines(file).flatMap(({ name, words, line }) => {
      const why = wrongIn(name, words);
      return why === null ? [] : [`${file}:${line}: ${name} ${words.join(' ')}: ${why}`];
    }),
  );
  expect(wrong).toEqual([]);
  expect(files.flatMap(commandLines).length).toBeGreaterThan(100);
});

test('every variable in deploy/ and in the documents is read by a program', () => {
  const wrong = files.flatMap((file) =>
    (readFileSync(join(root, file), 'utf8').match(/\bNETSWEEP_[A-Z_]*[A-Z]/g) ?? [])
      .filter((name) => !VARIABLES.has(name))
      .map((name) => `${file}: ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('every file that a document points to is there', () => {
  const missing = files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .filter(([, to = '']) => !existsSync(join(root, dirname(file), to)))
        .map(([, to]) => `${file}: ${to}`),
    );
  expect(missing).toEqual([]);
});

test('what is no option, command or variable of a program is noticed', () => {
  expect(wrongIn('netsweep', ['serve', '--lisen', 'x'])).toBe('there is no --lisen');
  expect(wrongIn('netsweep', ['agents', 'lst'])).toBe('agents has no command "lst"');
  expect(wrongIn('netsweep', ['schedule', 'add', 'n', '--', 'backup', '--rpo', 'x'])).toBe(
    'there is no --rpo',
  );
  expect(wrongIn('netsweep-agent', ['--segments', 'x'])).toBe('there is no --segments');
  expect(wrongIn('netsweep-agent', ['join', '--nats', 'x'])).toBe('there is no --nats');
  expect(VARIABLES.has('NETSWEEP_LISEN')).toBe(false);
});
