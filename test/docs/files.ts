// What netsweep says to the files of a page.
import type { Block } from './page.ts';

/** The words with which netsweep reads a file; null: a command of the page does. */
export function checking({ file, language, text }: Block): string[] | null {
  if (file === null || !['yaml', 'csv', 'python', 'ini', 'text'].includes(language)) return null;
  const platform = /platforms\/([\w-]+)\.yaml$/.exec(file)?.[1];
  if (platform !== undefined) return ['platforms', 'show', platform];
  if (/(^|\/)netsweep\.yaml$/.test(file)) return ['inventory', 'list', '-w', 'R1', '--platform', 'cisco_ios'];
  if (text.includes('netsweep_policy:')) return ['audit', 'check', file];
  // Parts of one in a directory, and router.db, are read by the page's commands.
  return file.includes('/') || language === 'text' ? null : ['inventory', 'check', '-i', file];
}

/** A device that is in all groups of an inventory that has none. */
export function memberOf(text: string): string {
  const groups = Array.from(text.matchAll(/^ {2}([\w-]+):/gm), ([, name]) => name);
  return `devices:\n  R1: {host: 10.0.0.1, platform: cisco_ios, groups: [${groups.join(', ')}]}\n`;
}
