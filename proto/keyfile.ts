// Who may read the file of a private key: its owner, and a group where root has given it to one, as services are set up.
import { statSync } from 'node:fs';

const [OTHERS, GROUP] = [0o007, 0o070];

/** Why it is not used; null: only those can read it who should. Throws what the file system says. */
export function openToOthers(path: string): string | null {
  const { mode, uid } = statSync(path);
  const isFile = (mode & 0o170000) === 0o100000;
  if (!isFile || ((mode & OTHERS) === 0 && ((mode & GROUP) === 0 || uid === 0))) return null;
  return `${path} can be read by others (found mode ${(mode & 0o777).toString(8)}, expected 600; chmod 600 helps)`;
}
