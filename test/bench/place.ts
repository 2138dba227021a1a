// Where things are. The bench runs compiled from .cache/bench, so the checkout is looked for upwards.
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** The checkout. */
export const root = upwards(import.meta.dirname);

/** A program or module of ours as users run it. */
export function built(path: string): string {
  return join(root, 'dist', path);
}

/** A program of the bench itself. */
export function beside(name: string): string {
  return join(import.meta.dirname, name);
}

/** Of PATH, or where the set-up puts what the system lacks; null without one. */
export function program(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', join(root, '.cache/bin')];
  return folders.map((folder) => join(folder, name)).find(executable) ?? null;
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function upwards(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : upwards(dirname(folder));
}
