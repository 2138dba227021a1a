// Where a secret comes from, as an inventory or the command line writes it: the text itself, or a reference.
// Nothing is resolved here, and no message shows what stands in such a field.
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { readVaultReference } from '../../proto/vaultsettings.js';
import type { Position, SecretReference } from './inventory.js';
import { type Located, positionOf } from './located.js';
import { type Given, meantBy, readText, refuseUnresolved } from './values.js';
import { describe } from './wording.js';

const REFERENCE = /^(env|file|cmd|vault|plain):/;

/** A password or enable secret; `question` is what is asked for with `ask`. */
export function readSecretReference(given: Given, question: string): SecretReference | undefined {
  const { value } = given;
  if (value.kind === 'text' && value.sealed !== undefined)
    return { from: 'sealed', text: value.text, seal: value.sealed, at: positionOf(value.at) };
  const text = secretText(given);
  if (text === undefined) return undefined;
  if (text === 'ask') return { from: 'ask', question, at: positionOf(given.value.at) };
  const reference = REFERENCE.test(text) ? readReference(given, text) : null;
  return reference === null ? { from: 'text', text, at: positionOf(given.value.at) } : reference;
}

/** A private key or a certificate: a path, a reference, or the text itself, which starts with `mark`. */
export function readKeyReference(given: Given, mark: RegExp): SecretReference | undefined {
  const at = positionOf(given.value.at);
  if (given.value.kind === 'text' && mark.test(given.value.text.trimStart()))
    return { from: 'text', text: given.value.text, at };
  const text = secretText(given);
  if (text === undefined) return undefined;
  if (text === 'ask') {
    given.wrong(`${given.written} cannot be asked for (expected the path of its file, or a reference)`);
    return undefined;
  }
  const reference = REFERENCE.test(text) ? readReference(given, text) : null;
  return reference === null ? { from: 'file', path: absolute(text, given), at } : reference;
}

/** The path of a file that is no secret, absolute. */
export function readPath(given: Given): { path: string; at: Position | null } | undefined {
  const text = readText(given);
  return text === undefined ? undefined : { path: absolute(text, given), at: positionOf(given.value.at) };
}

function secretText({ written, value, wrong }: Given): string | undefined {
  if (value.kind !== 'text') {
    wrong(
      `${written} is not text (found ${describe(value, true)}, expected text in quotes${meantBy(value)})`,
    );
    return undefined;
  }
  if (!value.text.startsWith('plain:') && refuseUnresolved(written, value.text, wrong)) return undefined;
  if (/[\0-\x1f\x7f]/.test(value.text)) {
    wrong(
      `${written} holds a control character or a line end (found ${describe(value, true)}, expected one line)`,
    );
    return undefined;
  }
  return value.text;
}

function readReference(given: Given, text: string): SecretReference | undefined {
  const { written, wrong } = given;
  const kind = text.slice(0, text.indexOf(':'));
  const rest = text.slice(kind.length + 1);
  const at = positionOf(given.value.at);
  const refuse = (message: string): undefined => {
    wrong(message);
  };
  if (kind === 'plain') return { from: 'text', text: rest, at };
  if (rest.trim() === '')
    return refuse(
      `${written} refers to nothing (found ${kind}: alone, expected something after it; plain:TEXT for the text itself)`,
    );
  if (kind === 'env') {
    if (/^[A-Za-z_]\w*$/.test(rest)) return { from: 'env', variable: rest, at };
    return refuse(`${written} does not name a variable (expected env:VAR; plain:TEXT for the text itself)`);
  }
  if (!isTrusted(given.value))
    return refuse(
      `${written} cannot use ${kind}: in this file (expected a local file that you or root own and nobody else can write)`,
    );
  if (kind === 'vault') {
    const reference = readVaultReference(rest);
    if (reference !== null) return { from: 'vault', ...reference, at };
    return refuse(
      `${written} does not name a secret in Vault (expected vault:PATH#KEY, such as vault:secret/network/core#password)`,
    );
  }
  return kind === 'file'
    ? { from: 'file', path: absolute(rest, given), at }
    : { from: 'command', program: rest.trim(), at };
}

function isTrusted({ at }: Located): boolean {
  return at === null || at.source.trusted;
}

function absolute(path: string, { value, world }: Given): string {
  const expanded = path === '~' || path.startsWith('~/') ? (world.home || homedir()) + path.slice(1) : path;
  return resolve(value.at?.source.directory ?? world.cwd, expanded);
}
