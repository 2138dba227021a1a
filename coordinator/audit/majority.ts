// Rules that are decided by what the other devices show: each device leaves a digest, and once all have been seen, what
// more than half of a platform's devices show is what is expected.

/** What a device showed; `output` leads to its text again. */
export interface Sighting<Ref> {
  rule: number;
  device: number;
  platform: string;
  digest: string;
  output: Ref;
}

export interface Group<Ref> {
  rule: number;
  devices: { device: number; digest: string }[];
  /** How many showed each digest, and the first of them. */
  versions: Map<string, { count: number; first: Ref }>;
}

export class Majorities<Ref> {
  readonly #groups = new Map<string, Group<Ref>>();

  add({ rule, device, platform, digest, output }: Sighting<Ref>): void {
    const key = `${rule} ${platform}`;
    const group: Group<Ref> = this.#groups.get(key) ?? { rule, devices: [], versions: new Map() };
    this.#groups.set(key, group);
    group.devices.push({ device, digest });
    const version = group.versions.get(digest);
    if (version === undefined) group.versions.set(digest, { count: 1, first: output });
    else version.count++;
  }

  groups(): Iterable<Group<Ref>> {
    return this.#groups.values();
  }
}

/** What most show; a text: why there is no such thing. */
export function majorityOf<Ref>({ devices, versions }: Group<Ref>): { digest: string } | string {
  if (devices.length < 2) return 'there is no other device to compare with';
  const [digest, { count } = { count: 0 }] = [...versions].sort(([, a], [, b]) => b.count - a.count)[0] ?? [
    '',
  ];
  if (count * 2 > devices.length) return { digest };
  return `there is no majority: ${versions.size} versions on ${devices.length} devices, the most frequent on ${count}`;
}
