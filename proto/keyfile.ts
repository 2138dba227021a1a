// Who may read a file that is a key: its owner, and a group where root has given it to one, as services are set up.
import { statSync } from 'node:fs';

const [OTHERS, GROUP, KIND, FILE] = [0o007, 0o070, 0o170000, 0o100000];

/** What is looked at of a file. */
interface Stat {
  mode: number;
  uid: number;
}

/** Completes "... can be read by others", with what to do; null: only its owner reads it. What we made ourselves. */
export function foundOpen({ mode }: Stat): string | null {
  return (mode & (OTHERS | GROUP)) === 0 ? null : modes(mode);
}

/** Why a key of the user's is not used; null: only those can read it who should. Throws what the file system says. */
export function openToOthers(path: string): string | null {
  const { mode, uid } = statSync(path);
  const isFile = (mode & KIND) === FILE;
  if (!isFile || ((mode & OTHERS) === 0 && ((mode & GROUP) === 0 || uid === 0))) return null;
  return `${path} can be read by others ${modes(mode)}`;
}

function modes(mode: number): string {
  return `(found mode ${(mode & 0o777).toString(8)}, expected 600; chmod 600 helps)`;
}
