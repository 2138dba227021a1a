// What this agent runs on, told with its hello for people who look for what is wrong. What can't be told is left out.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { hostname, totalmem } from 'node:os';
import { Machine } from '../proto/gen/netsweep/v1/model.js';
import { descriptors } from '../proto/operation/process.js';

const SSH_BINDING = 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node';

export function machineHere(): Machine {
  const { most } = descriptors();
  return Machine.create({
    host: hostname(),
    node: process.version,
    openssl: process.versions.openssl,
    ssh2: versionOf('ssh2'),
    grpc: versionOf('@grpc/grpc-js'),
    nativeSsh: isThere(SSH_BINDING),
    descriptors: Number.isFinite(most) ? most : 0,
    memoryBytes: Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
  });
}

const { resolve } = createRequire(import.meta.url);

function versionOf(library: string): string {
  try {
    const about: unknown = JSON.parse(readFileSync(resolve(`${library}/package.json`), 'utf8'));
    return typeof about === 'object' && about !== null && 'version' in about ? String(about.version) : '';
  } catch {
    return ''; // packed into the program
  }
}

function isThere(file: string): boolean {
  try {
    return resolve(file) !== '';
  } catch {
    return false;
  }
}
