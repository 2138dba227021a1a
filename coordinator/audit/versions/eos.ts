// Arista EOS: 4.30.1F, 4.23.1.1F, 4.28.3M-2GB. The letter tells how long it is maintained, what follows a dash the
// image; neither is a part of the order.
import type { Version } from './parts.js';

const EOS = /^(\d+)\.(\d+)\.(\d+)((?:\.\d+)*)[A-Z]?(?:-[\w.-]+)?$/;

export function readEos(text: string): Version | null {
  const [whole, major, minor, release, rest = ''] = EOS.exec(text) ?? [];
  if (whole === undefined) return null;
  const more = rest.split('.').slice(1).map(Number);
  return {
    line: 'EOS',
    train: `${major}.${minor}`,
    parts: [Number(major), Number(minor), Number(release), ...more],
  };
}
