// The files of a TLS identity, read and tried before anything starts with them: what is wrong with one is bad input.
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { openToOthers } from '../proto/keyfile.js';
import { InputError, type Issue } from './inventory/inventory.js';
import { reasonOf } from './inventory/wording.js';

/** Files of a TLS identity, as paths. */
export interface TlsFiles {
  ca: string;
  cert: string;
  key: string;
}

export interface Identity {
  ca: Buffer;
  cert: Buffer;
  key: Buffer;
}

/** Throws InputError. */
export function readIdentity(files: TlsFiles): Identity {
  const issues: Issue[] = [];
  const read = (name: keyof TlsFiles): Buffer => {
    try {
      const open = name === 'key' ? openToOthers(files[name]) : null;
      if (open !== null) issues.push({ at: null, message: `--tls-key: ${open}` });
      return readFileSync(files[name]);
    } catch (error) {
      issues.push({
        at: null,
        message: `--tls-${name}: cannot be read (${reasonOf(error)}: ${files[name]}; expected a PEM file)`,
      });
      return Buffer.alloc(0);
    }
  };
  const identity = { ca: read('ca'), cert: read('cert'), key: read('key') };
  if (issues.length > 0) throw new InputError(issues);
  try {
    createSecureContext(identity);
  } catch (error) {
    const message = `--tls-ca, --tls-cert, --tls-key: not certificates and the key of the second (${messageOf(error)})`;
    throw new InputError([{ at: null, message }]);
  }
  return identity;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
