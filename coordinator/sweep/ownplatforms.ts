// The user's own platforms on their way with a sweep: which of them its devices need, and what the coordinator
// takes. Agents know only what ships with them, so a platform that differs from that travels along.
import { type Device, PlatformFile } from '../../proto/gen/netsweep/v1/model.js';
import { AUTO, PlatformError, Platforms, readPlatform } from '../../proto/platform.js';

/** They travel with every shard. */
const MOST_BYTES = 128 * 1024;

/** What the devices need beyond what ships: also what is shipped and builds on a platform of the user's. */
export function ownPlatforms(
  devices: readonly Pick<Device, 'platform'>[],
  platforms: Platforms,
): PlatformFile[] {
  if (platforms.own.size === 0) return [];
  const used = new Set(devices.map(({ platform }) => platform));
  const names = used.has(AUTO) ? platforms.names : [...used];
  const shipped = new Platforms();
  return names.flatMap((name) => {
    const json = JSON.stringify(platforms.get(name));
    return json === JSON.stringify(shipped.get(name)) ? [] : [PlatformFile.create({ name, json })];
  });
}

/** Why a sweep's own platforms can't be taken, in a sentence; null when they can. */
export function refusePlatforms(files: readonly PlatformFile[]): string | null {
  const bytes = files.reduce((sum, { name, json }) => sum + Buffer.byteLength(name + json), 0);
  if (bytes > MOST_BYTES)
    return `the platforms of your own that this sweep needs are too large (found ${bytes} bytes in ${files.length}, expected at most ${MOST_BYTES} in all)`;
  const names = new Set<string>();
  for (const { name, json } of files) {
    const wrong = names.has(name) ? 'it comes twice' : wrongWith(name, json);
    if (wrong !== null) return `platform ${JSON.stringify(name)} can't be used: ${wrong}`;
    names.add(name);
  }
  return null;
}

function wrongWith(name: string, json: string): string | null {
  try {
    const platform = readPlatform(json);
    return platform.name === name ? null : `its data calls it ${JSON.stringify(platform.name)}`;
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return error.problems.join('; ');
  }
}
