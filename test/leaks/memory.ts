// The memory of a running process as its core would hold it: all that is its own, read from /proc. gdb's gcore writes out
// the 12 GB that V8 only reserves, too.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Canary } from './canary.ts';

const PIECE_BYTES = 16 << 20;
const OVERLAP_BYTES = 256;

/** Where canaries are, in words. For root, or the process's own user where that may trace. */
export function memoryHits(pid: number, canaries: readonly Canary[]): string[] {
  const hits: string[] = [];
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const { from, to, name } of regionsOf(pid)) {
      for (let at = from; at < to; at += PIECE_BYTES - OVERLAP_BYTES) {
        const piece = readAt(memory, at, Math.min(PIECE_BYTES, to - at));
        for (const canary of canaries)
          for (const encoding of canary.in(piece))
            hits.push(
              `${canary.text.slice(0, 3)} ${encoding} in ${name || 'anonymous'} ${around(piece, canary, encoding)}`,
            );
      }
    }
  } finally {
    closeSync(memory);
  }
  return hits;
}

function regionsOf(pid: number): { from: number; to: number; name: string }[] {
  return readFileSync(`/proc/${pid}/maps`, 'latin1')
    .split('\n')
    .flatMap((line) => {
      const [range = '', rights = '', , , , name = ''] = line.trim().split(/\s+/);
      const [from = 0, to = 0] = range.split('-').map((address) => Number.parseInt(address, 16));
      const isOwn = rights.startsWith('rw') || (rights.startsWith('r') && name === '');
      return isOwn ? [{ from, to, name }] : [];
    });
}

function readAt(memory: number, at: number, length: number): Buffer {
  const piece = Buffer.alloc(length);
  try {
    return piece.subarray(0, readSync(memory, piece, 0, length, at));
  } catch {
    return Buffer.alloc(0); // given back meanwhile
  }
}

/** What stands around it, to find out who has left it there. */
function around(piece: Buffer, canary: Canary, encoding: string): string {
  const at = piece.indexOf(canary.needles.get(encoding) ?? '');
  const near = piece.subarray(Math.max(0, at - 48), at + 96).toString('latin1');
  return JSON.stringify(near.replace(/[^ -~]/g, '.'));
}
