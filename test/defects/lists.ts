// All lists of seeded defects: every other file of this folder that exports `defects`.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../process.ts';
import type { Defect } from './defect.ts';

export interface Listed extends Defect {
  list: string;
}

export async function readLists(): Promise<Listed[]> {
  const files = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.ts') && !/\.(test|run)\.ts$/.test(file))
    .sort();
  const lists = files.map(async (file) => {
    const module = (await import(join(import.meta.dirname, file))) as { defects?: Defect[] };
    const list = basename(file, '.ts');
    return (module.defects ?? []).map((defect) => ({ list, ...defect }));
  });
  return (await Promise.all(lists)).flat();
}

/** Why a defect can't be applied as it stands, or its test can't be found; null: it can. */
export function wrongWith({ file, find, replace, test }: Defect): string | null {
  const occurs = text(file).split(find).length - 1;
  if (occurs !== 1) return `what it replaces occurs ${occurs} times in ${file}`;
  if (find === replace) return 'it changes nothing';
  const { length } = text(test.file).replaceAll("\\'", "'").split(test.title);
  return length === 1 ? `${test.file} has no test of this title` : null;
}

/** Matches the test's full name, with anything in place of placeholders, and with the blocks around it. */
export function pattern(title: string): string {
  const escaped = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return `(^| )${escaped.replace(/%[sdifjo]|\\\$(\w+|\\\{.*?\\\})/g, '.*')}$`;
}

function text(file: string): string {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch {
    return '';
  }
}
