// Reads the file of a secret, whole and bounded, and not where others can read it too.
import { constants } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { foundOpen } from '../../proto/keyfile.js';

const MOST_BYTES = 64 * 1024;

/** Why a reference gives no secret; never holds one. */
export class SecretError extends Error {}

/** `isPublic`: others may read it. Throws a SecretError. */
export async function readSecretFile(path: string, isPublic = false): Promise<Buffer> {
  try {
    await using file = await openFile(path, constants.O_RDONLY | constants.O_NOCTTY);
    const status = await file.stat();
    if (status.isDirectory()) throw new SecretError('this is a directory');
    const open = isPublic || !status.isFile() ? null : foundOpen(status);
    if (open !== null) throw new SecretError(`others can read this file ${open}`);
    const buffer = Buffer.alloc(MOST_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    if (length > MOST_BYTES)
      throw new SecretError(`too large for a secret (expected at most ${MOST_BYTES} bytes)`);
    const secret = Buffer.from(buffer.subarray(0, length));
    buffer.fill(0);
    return secret;
  } catch (error) {
    if (error instanceof SecretError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT')
      throw new SecretError('no such file (expected one with the secret and nothing else)', { cause: error });
    if (code === 'EACCES') throw new SecretError('permission denied', { cause: error });
    throw new SecretError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** One line end at the end is the editor's or the program's, not the secret's. */
export function withoutLineEnd(secret: Buffer): Buffer {
  if (secret.at(-1) !== 0x0a) return secret;
  return secret.subarray(0, secret.at(-2) === 0x0d ? -2 : -1);
}
