// Wrong inventories through the program itself, one of each shape: everything that is wrong on standard error, exit code 2, and
// nothing is started, not even a state directory. All of them, word for word, are in test/inventory/bad.test.ts.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BAD_ANSIBLE } from '../inventory/badansible.ts';
import { BAD_FILES } from '../inventory/badfiles.ts';
import { BAD_NAMES } from '../inventory/badnames.ts';
import { BAD_TOOLS } from '../inventory/badtools.ts';
import { broken, says } from '../inventory/broken.ts';
import { directoryOf } from '../inventory/files.ts';
import { NETSWEEP } from '../place.ts';

const WANTED = [
  'an address out of range',
  'a missing comma',
  'CSV with ragged rows',
  'Python cut off',
  'variables below a group without :vars',
  'a group without hosts:',
  'a group that is nowhere',
  'a group of devices that are not there',
  'fewer columns than --map has',
  'a password',
  'a nodeset with an open bracket',
  '-l of a misspelt group',
  '-w of devices that are not there',
];

const files = BAD_FILES.map(({ title, file, content, errors }) =>
  says(broken(title, { files: { [file]: String(content) } }), ...errors),
);
const all = [...files, ...BAD_ANSIBLE, ...BAD_TOOLS, ...BAD_NAMES];

test.each(WANTED)('with %s nothing is started', (wanted) => {
  const one = all.find(({ title }) => title === wanted);
  if (one === undefined) throw new Error(`there is no inventory with ${wanted}`);
  using directory = directoryOf(one.files);
  const { limit, hosts } = one.selection ?? {};
  const words = [
    ...(one.sources ?? Object.keys(one.files)).flatMap((source) => ['-i', source]),
    ...(one.columns == null ? [] : ['--map', one.columns]),
    ...(limit == null ? [] : ['-l', limit]),
    ...(hosts == null ? [] : ['-w', hosts]),
  ];
  const state = join(directory.path, 'state');
  const ran = spawnSync(process.execPath, [NETSWEEP, 'run', '--state', state, ...words, 'show version'], {
    cwd: directory.path,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: directory.path },
  });
  expect(ran).toMatchObject({ status: 2, stdout: '', stderr: `${one.errors.join('\n')}\n` });
  expect(existsSync(state)).toBe(false);
});
