// The terms under which packages came that are inside a bundle: their authors ask that they are passed on.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TERMS = /^(licen[cs]e|copying|notice|copyright)/i;

/** Said once, in LICENSE, which is the same. */
export const APACHE = 'The Apache License, version 2.0, as in LICENSE.';

/** As text, of the packages that these modules belong to. */
export function termsOf(modules) {
  const folders = new Map();
  for (const module of modules) {
    const [, folder, name] = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(module) ?? [];
    if (folder !== undefined) folders.set(`${name} ${folder}`, folder);
  }
  const sorted = [...folders].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([, folder]) => section(folder)).join('\n');
}

/** A package's name, version, licence by name, and what its files say. */
export function section(folder) {
  const { name, version, ...about } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const license = about.license ?? about.licenses?.map(({ type }) => type).join(' or ');
  if (license === undefined) throw new Error(`${name} says nothing of its terms`);
  const texts = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && TERMS.test(entry.name))
    .map((entry) => entry.name)
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim())
    .map((text) => (/^Apache License\s+Version 2\.0/.test(text) ? APACHE : text));
  return `${[`==== ${name} ${version}: ${license}`, ...texts].join('\n\n')}\n`;
}
